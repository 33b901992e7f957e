/** The table of layers: its rows fold as the diagram does, and the keyboard walks them as a tree. */
class LayerTable {
  constructor(table, outline) {
    this.table = table;
    this.outline = outline;
    this.rows = new Map([...table.tBodies[0].rows].map((row) => [row.dataset.name, row]));
  }

  /** Returns the scopes around a row, outermost first. */
  path(row) {
    return this.outline.path(this.partOf(row));
  }

  /** Returns the scope of a row, or the box of its layer. */
  partOf({ dataset: { name } }) {
    return this.outline.boxOf.get(name) ?? name;
  }

  isScope(row) {
    return this.outline.scopes.has(row.dataset.name);
  }

  /** Hides the rows within folded scopes, and those for which another of their run stands. */
  update() {
    for (const [name, row] of this.rows) {
      row.hidden = !this.outline.isShown(this.partOf(row));
      if (this.isScope(row)) row.ariaExpanded = String(!this.outline.folded.has(name));
      const button = row.querySelector(".run");
      if (button) button.ariaExpanded = String(!this.outline.collapsed.has(this.outline.runOf.get(name)));
    }
  }

  /** Returns the row of a layer or scope, or if it is hidden that of the innermost scope around it that is not. */
  findShown(name) {
    const row = this.rows.get(name);
    if (!row || !row.hidden) return row;
    const around = [...this.path(row), this.partOf(row)].toReversed();
    const rows = around.map((part) => this.rows.get(this.outline.substitute(part)));
    return rows.find((each) => each && !each.hidden);
  }

  get shown() {
    return [...this.rows.values()].filter((row) => !row.hidden);
  }

  /** Returns what a row says, with the headings of its numbers. */
  describe(name) {
    const row = this.rows.get(name);
    const headings = [...this.table.tHead.rows[0].cells];
    const texts = [...(row?.cells ?? [])].map((cell, place) => {
      const text = place ? cell.textContent.trim() : name;
      return text && cell.matches(".number") ? `${text} ${headings[place].textContent}` : text;
    });
    return texts.filter(Boolean).join(" · ");
  }

  /** Returns the row to which a key leads, of the rows that are shown. */
  findNext(row, key) {
    const { shown } = this;
    const place = shown.indexOf(row);
    switch (key) {
      case "ArrowDown":
        return shown[place + 1];
      case "ArrowUp":
        return shown[place - 1];
      case "Home":
        return shown[0];
      case "End":
        return shown.at(-1);
      case "ArrowLeft":
        return this.rows.get(this.path(row).at(-1));
      default:
        return undefined;
    }
  }
}
