/** Shows each edition of a spec as its file is edited, with what was folded, selected, searched and scrolled. */
class Follower {
  constructor(page) {
    this.page = page;
    this.number = Number(page.dataset.edition);
    this.layout = new Layout(document.getElementById("graphviz").textContent);
    this.view = new NetworkView(page.querySelector(".network"), this.layout);
    this.stopped = page.querySelector(".stopped");
    const events = new EventSource(`edits${location.search}`);
    events.onmessage = ({ data }) => this.show(JSON.parse(data));
    events.onopen = () => (this.stopped.hidden = true);
    events.onerror = () => (this.stopped.hidden = false);
  }

  show({ number, title, content, notice }) {
    const place = this.page.querySelector(".notice");
    place.textContent = notice;
    place.hidden = !notice;
    if (number === this.number || notice) return;
    this.number = number;
    const saved = this.view.save();
    const focused = this.saveFocus();
    this.page.querySelector(".contents-shown").innerHTML = content;
    document.title = document.title.replace(/^.* – /, () => `${title || "network"} – `);
    this.view = new NetworkView(this.page.querySelector(".network"), this.layout, saved);
    this.view.drawn.then(() => this.restoreFocus(focused));
    this.restoreFocus(focused);
  }

  /** Returns where the keyboard is: in the search with its cursor, or on a row, line or part of the diagram. */
  saveFocus() {
    const element = document.activeElement;
    if (element.matches("input[type=search]")) return { selector: "input[type=search]", cursor: element.selectionStart };
    const { name, line } = element.dataset ?? {};
    const value = CSS.escape(name ?? line ?? "");
    return { selector: name || line ? `${element.localName}[data-${name ? "name" : "line"}="${value}"]` : null };
  }

  restoreFocus({ selector, cursor }) {
    const element = selector && this.page.querySelector(selector);
    if (!element || element === document.activeElement) return;
    element.focus({ preventScroll: true });
    if (cursor !== undefined) element.setSelectionRange(cursor, cursor);
  }
}

new Follower(document.querySelector(".network-page"));
