/** Finds layers, blocks and lines by their text, and leads from one to the next. */
class Search {
  constructor(field, count, table, lines) {
    Object.assign(this, { field, count, table, lines });
    this.found = [];
    this.place = -1;
  }

  /** Returns the names of the layers and blocks that are found, and marks them and the lines. */
  update() {
    const words = this.field.value.trim().toLowerCase();
    const holds = (element) => words !== "" && element.textContent.toLowerCase().includes(words);
    const isFound = (row) => row.dataset.name.toLowerCase().includes(words) || holds(row);
    this.found = words ? [...this.table.rows.values()].filter(isFound).map((row) => row.dataset.name) : [];
    this.place = -1;
    for (const line of this.lines.values()) line.classList.toggle("found", holds(line));
    this.show(words);
    return this.found;
  }

  /** Returns the next name that is found, or the one before, and begins again at the end. */
  step(direction) {
    if (!this.found.length) return undefined;
    const start = this.place < 0 && direction < 0 ? 0 : this.place;
    this.place = (start + direction + this.found.length) % this.found.length;
    this.show(this.field.value);
    return this.found[this.place];
  }

  show(words) {
    const isAt = this.place >= 0;
    this.count.textContent = isAt ? `${this.place + 1} of ${this.found.length}` : words ? this.describeFound() : "";
  }

  /** Returns how many layers and blocks are found, or if there are none, how many lines. */
  describeFound() {
    const blocks = this.found.filter((name) => this.table.outline.isBlock(name)).length;
    const lines = [...this.lines.values()].filter((line) => line.matches(".found")).length;
    const counts = [countWords(this.found.length - blocks, "layer"), countWords(blocks, "block")].filter(Boolean);
    return counts.join(", ") || countWords(lines, "line") || "no match";
  }
}

function countWords(count, word) {
  return count && `${count} ${word}${count === 1 ? "" : "s"}`;
}
