/** Brings the network of a page to life. */
new NetworkView(document.querySelector(".network"), new Layout(document.getElementById("graphviz").textContent));
