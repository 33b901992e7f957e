/** A network on a page: its diagram, table and text, of which each shows what is pointed at in another. */
class NetworkView {
  constructor(root, layout, saved = null) {
    const { parts } = JSON.parse(root.querySelector(".network-data").textContent);
    this.root = root;
    this.layout = layout;
    this.parts = parts;
    this.saved = saved;
    this.errors = new Map(listErrors(root));
    this.outline = new Outline(parts);
    this.table = new LayerTable(root.querySelector(".layers table"), this.outline);
    this.lines = new Map([...root.querySelectorAll(".line")].map((line) => [line.dataset.line, line]));
    this.linesOf = new Map([...this.table.rows].map(([name, row]) => [name, (row.dataset.lines ?? "").split(" ")]));
    this.viewport = new Viewport(root.querySelector(".diagram"));
    this.search = new Search(this.find("input[type=search]"), this.find(".count"), this.table, this.lines);
    this.selected = null;
    root.querySelectorAll("[data-script]").forEach((element) => (element.hidden = false));
    this.connect();
    if (saved) this.restore(saved);
    this.table.update();
    this.drawn = this.draw(null, saved);
    if (saved) this.showNewError(saved.errors);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // What is drawn

  /** Lays out what is unfolded; `anchor` says what stays where it is. */
  async draw(anchor = null, saved = null) {
    const writer = new DotWriter(this.parts, this.outline);
    this.root.classList.add("busy");
    try {
      const text = await this.layout.draw(writer.write());
      const inputs = Object.keys(this.parts.terminals).filter((name) => this.table.rows.has(name));
      const picture = new Picture(text, writer.names, (name, texts) => this.describePart(name, texts), inputs);
      this.viewport.show(picture, anchor);
      this.showColumns(picture.makeColumns());
      if (saved) this.scrollBack(saved, ["diagram"]);
      this.find(".failure").hidden = true;
      this.showSelected();
      this.showFound();
    } catch (error) {
      if (error === null) return;
      this.find(".failure").hidden = false;
      console.warn(error);
    }
    this.root.classList.remove("busy");
  }

  /** Prepares a long picture for print, in columns of one scale. */
  showColumns(columns) {
    const box = this.find(".columns");
    box.style.setProperty("--tallest", Math.max(...columns.map((column) => column.style.getPropertyValue("--tallness"))));
    box.replaceChildren(...columns);
  }

  /** Returns what a screen reader says of a box or scope with these texts, and whether it can be folded. */
  describePart(name, texts) {
    const isScope = this.outline.scopes.has(name);
    const row = this.outline.collapsed.has(this.outline.runOf.get(name)) ? "" : this.table.describe(name);
    const shared = { role: isScope ? "button" : "img", tabindex: "-1", "aria-label": row || texts.join(" ") };
    return isScope ? { ...shared, "aria-expanded": String(!this.outline.folded.has(name)) } : shared;
  }

  /** Draws and lists what has been folded or unfolded. */
  refold(name) {
    this.table.update();
    this.showSelected();
    const anchor = this.viewport.anchor(name) ?? this.viewport.anchor(this.outline.locate(name ?? ""));
    return (this.drawn = this.draw(anchor && { ...anchor, name }));
  }

  /** Folds or unfolds everything, after which the picture has another size and is seen as at first. */
  refoldAll(change) {
    change();
    this.viewport.forget();
    return this.refold();
  }

  toggle(scope, isFolded) {
    this.outline.toggle(scope, isFolded);
    return this.refold(scope);
  }

  // What is pointed at

  /** Returns the rows, parts and lines that belong to a layer, scope, input or output, or to all layers of a box. */
  findRelated(name, isBox = false) {
    const owner = this.outline.ownerOf(name);
    const layers = (isBox && this.outline.layersOf(owner)) || [owner];
    const isScope = this.outline.isBlock(owner);
    const rows = (isScope ? [owner] : layers).map((each) => this.table.findShown(each));
    const parts = isScope ? [this.outline.locate(owner)] : layers.map((each) => this.outline.locate(this.outline.boxOf.get(each) ?? each));
    const lines = (isScope ? [owner] : layers).flatMap((each) => this.linesOf.get(each) ?? []);
    return this.collect(rows, parts, lines);
  }

  /** Returns the rows, parts and lines of all that a line of the text makes. */
  findRelatedToLine(line) {
    const names = [...this.linesOf].filter(([, lines]) => lines.includes(line)).map(([name]) => name);
    const outer = names.filter((name) => !this.table.path(this.table.rows.get(name)).some((scope) => names.includes(scope)));
    const parts = outer.map((name) => this.outline.locate(this.outline.boxOf.get(name) ?? name));
    return this.collect(outer.map((name) => this.table.findShown(name)), parts, [line]);
  }

  collect(rows, parts, lines) {
    const drawn = parts.map((name) => this.viewport.picture?.parts.get(name));
    return new Set([...rows, ...drawn, ...lines.map((line) => this.lines.get(line))].filter(Boolean));
  }

  mark(style, related) {
    for (const element of this.root.querySelectorAll(`.${style}`)) if (!related.has(element)) element.classList.remove(style);
    for (const element of related) element.classList.add(style);
  }

  /** Returns the name or the line of what an event happened on. */
  target(event) {
    const element = event.target.closest?.("[data-name], .line");
    return element && this.root.contains(element) ? element : null;
  }

  findSelected({ name, line, isBox }) {
    return line ? this.findRelatedToLine(line) : this.findRelated(name, isBox);
  }

  relate(element) {
    if (!element) return new Set();
    return this.findSelected(describeTarget(element));
  }

  /** Selects a layer or a line, and shows what belongs to it everywhere but where it was selected. */
  select(element) {
    this.selected = element && describeTarget(element);
    this.showSelected();
    const related = this.relate(element);
    for (const [pane, selector] of [[".diagram", "g"], [".layers", "tr"], [".text", ".line"]]) {
      const box = this.find(pane);
      const shown = [...related].find((each) => each.matches(selector));
      if (shown && !box.contains(element)) scrollInto(box, shown);
    }
  }

  showSelected() {
    const { selected } = this;
    const related = selected ? this.findSelected(selected) : new Set();
    this.mark("selected", related);
    for (const row of this.table.rows.values()) row.ariaSelected = String(related.has(row));
    this.find(".inspector").textContent = selected?.name ? this.table.describe(selected.name) : "";
    this.placeTabStops(related);
  }

  /** Leaves one row, one line and one part of the diagram in the order of the Tab key. */
  placeTabStops(related) {
    const parts = [...(this.viewport.picture?.parts.values() ?? [])];
    const lines = [...this.lines.values()].filter((line) => line.matches(".made"));
    for (const group of [this.table.shown, lines, parts.filter((part) => !part.matches(".cluster"))]) {
      const stop = group.find((each) => related.has(each)) ?? group[0];
      for (const each of group) each.setAttribute("tabindex", each === stop ? "0" : "-1");
    }
  }

  showFound() {
    const names = this.search.found;
    const related = new Set(names.flatMap((name) => [...this.findRelated(name)].filter((each) => !each.matches(".line"))));
    for (const line of this.lines.values()) if (line.matches(".found")) related.add(line);
    this.mark("found", related);
  }

  // Events

  connect() {
    const { root } = this;
    root.addEventListener("pointerover", (event) => this.mark("lit", this.relate(this.target(event))));
    root.addEventListener("pointerleave", () => this.mark("lit", new Set()));
    root.addEventListener("click", (event) => this.onClick(event));
    root.addEventListener("keydown", (event) => this.onKey(event));
    this.search.field.addEventListener("input", () => {
      this.search.update();
      this.showFound();
    });
    this.viewport.onzoom = (scale) => (this.find(".zoom").textContent = `${Math.round(100 * scale)} %`);
  }

  onClick(event) {
    const button = event.target.closest("button");
    const element = this.target(event);
    const link = event.target.closest(".messages a");
    if (link) {
      event.preventDefault();
      this.goToMessage(this.find(link.hash));
    } else if (button?.dataset.action) this.act(button.dataset.action);
    else if (button?.matches(".fold")) this.toggle(element.dataset.name);
    else if (button?.matches(".run")) this.toggleRun(element.dataset.name);
    else if (element && !this.hasMoved(event)) {
      const { name } = element.dataset;
      const isOnDiagram = element.closest(".diagram") && this.outline.scopes.has(name);
      this.select(element);
      if (isOnDiagram && (this.outline.folded.has(name) || event.target.closest("text"))) this.toggle(name);
    }
  }

  /** Whether the mouse was dragged between the press and the release, as it is to pan or to select text. */
  hasMoved() {
    return this.viewport.hasPanned || String(getSelection()) !== "";
  }

  toggleRun(name) {
    this.outline.toggleRun(this.outline.runOf.get(name));
    return this.refold(name);
  }

  act(action) {
    const actions = {
      fit: () => this.viewport.fit(),
      "zoom-in": () => this.viewport.zoom(1.25),
      "zoom-out": () => this.viewport.zoom(0.8),
      fold: () => this.refoldAll(() => this.outline.foldAll()),
      unfold: () => this.refoldAll(() => this.outline.unfoldAll()),
    };
    return actions[action]();
  }

  onKey(event) {
    const element = this.target(event);
    if (event.key === "Escape") return this.select(null);
    if (event.target === this.search.field) return event.key === "Enter" && this.goTo(this.search.step(event.shiftKey ? -1 : 1));
    if (event.ctrlKey || event.metaKey || event.altKey || !element || event.target.closest("button, a")) return undefined;
    const handle = element.matches("tr") ? this.onRowKey : element.matches(".line") ? this.onLineKey : this.onPartKey;
    if (handle.call(this, element, event)) event.preventDefault();
    return undefined;
  }

  /** Goes to a layer, and opens what hides it. */
  async goTo(name) {
    if (!name) return;
    const row = this.table.rows.get(name);
    this.outline.reveal(this.table.partOf(row));
    await this.refold(name);
    this.select(row);
    scrollInto(this.find(".layers"), row);
  }

  onRowKey(row, { key }) {
    const { name } = row.dataset;
    const isScope = this.table.isScope(row);
    if (isScope && (key === "Enter" || key === " ")) return this.toggle(name) && true;
    if (isScope && (key === "ArrowRight") === this.outline.folded.has(name) && /^Arrow(Left|Right)$/.test(key)) {
      return this.toggle(name) && true;
    }
    return this.focus(this.table.findNext(row, key === "ArrowRight" ? "ArrowDown" : key));
  }

  onLineKey(line, { key }) {
    const lines = [...this.lines.values()].filter((each) => each.matches(".made"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    return step ? this.focus(lines[lines.indexOf(line) + step]) : key === "Enter" && (this.select(line), true);
  }

  onPartKey(part, { key, shiftKey }) {
    const { name } = part.dataset;
    const scope = shiftKey ? this.table.path(this.table.rows.get(name) ?? part).at(-1) : name;
    if (key === "Enter" && this.outline.scopes.has(scope)) {
      this.toggle(scope, shiftKey || undefined).then(() => this.focus(this.viewport.picture.parts.get(scope)));
      return true;
    }
    const next = this.viewport.picture.findNeighbour(name, key);
    return /^Arrow/.test(key) && (next ? this.focus(this.viewport.picture.parts.get(next)) : true);
  }

  /** Selects an element and moves the focus to it. */
  focus(element) {
    if (!element) return false;
    this.select(element);
    element.focus({ preventScroll: true });
    scrollInto(element.closest(".diagram, .layers, .text"), element);
    return true;
  }

  // Messages

  /** Goes to a message with its line, and to its box in the diagram; where the text has no height of its own, by the page. */
  goToMessage(message) {
    const [line, text] = [findLine(message), this.find(".text")];
    message.focus({ preventScroll: true });
    if (text.scrollHeight > text.clientHeight) scrollInto(text, line, message);
    else line.scrollIntoView();
    this.showFault(message);
  }

  /** Scrolls to the box that a message is about, or else to one that its line makes. */
  showFault(message) {
    const { name } = message.dataset;
    const { line } = findLine(message).dataset;
    const related = [...(name ? this.findRelated(name) : []), ...(line ? this.findRelatedToLine(line) : [])];
    scrollInto(this.find(".diagram"), related.find((each) => each.matches("g")));
  }

  /** Shows the first error that was not there before; nothing moves where there is none. */
  showNewError(known) {
    const added = [...this.errors.keys()].find((words) => !known.has(words));
    const message = this.errors.get(added);
    if (!message) return;
    scrollInto(this.find(".text"), findLine(message), message);
    this.drawn.then(() => this.showFault(message));
  }

  // What outlasts an edit

  /** Returns how the network is seen, or where there is none, how the last one was. */
  save() {
    if (this.saved && !this.parts.contents.length) return { ...this.saved, words: this.search.field.value };
    const scrolled = ["diagram", "layers", "text"].map((name) => [name, this.find(`.${name}`)]);
    const { scale, isFitted, picture } = this.viewport;
    return {
      outline: this.outline.save(),
      selected: this.selected,
      words: this.search.field.value,
      errors: new Set(this.errors.keys()),
      view: { scale, isFitted },
      picture,
      scroll: Object.fromEntries(scrolled.map(([name, box]) => [name, [box.scrollLeft, box.scrollTop]])),
    };
  }

  restore(saved) {
    this.outline.restore(saved.outline);
    this.selected = saved.selected;
    this.search.field.value = saved.words;
    this.search.update();
    if (saved.picture) this.viewport.show(saved.picture);
    this.scrollBack(saved, ["diagram", "layers", "text"]);
  }

  scrollBack({ view, scroll }, panes) {
    Object.assign(this.viewport, view);
    if (this.viewport.picture) this.viewport.resize();
    for (const pane of panes) {
      const [left, top] = scroll[pane];
      this.find(`.${pane}`).scrollTo({ left, top, behavior: "instant" });
    }
  }
}

/** Yields the errors by their words, of which the names of lines are no part. */
function* listErrors(root) {
  for (const message of root.querySelectorAll(".message.error")) yield [message.querySelector("p").textContent, message];
}

/** Returns the line that a message is about: the last one above it, or the message itself where there is none. */
function findLine(message) {
  let line = message;
  while (line?.matches(".message")) line = line.previousElementSibling;
  return line ?? message;
}

/** Returns what an element of the diagram, the table or the text stands for. */
function describeTarget({ dataset: { name, line }, ownerSVGElement }) {
  return { name, line, isBox: Boolean(ownerSVGElement) };
}
