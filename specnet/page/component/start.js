/** Brings the networks of a page to life. */
function showNetworks() {
  const layout = () => new Layout(document.getElementById("graphviz").textContent);
  return [...document.querySelectorAll(".network")].map((root) => new NetworkView(root, layout()));
}

const views = showNetworks();
