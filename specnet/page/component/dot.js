/** Writes a network in Graphviz's language, as far as it is unfolded. Labels and attributes come finished. */
class DotWriter {
  constructor(parts, outline) {
    this.parts = parts;
    this.outline = outline;
    this.terminals = new Map(Object.entries(parts.terminals));
    this.names = [];
    this.places = new Map();
  }

  /** Returns the text; `names` then has the box, scope or terminal of each number in an identity such as `part-3`. */
  write() {
    const { graph, node, edge, contents } = this.parts;
    const defaults = { graph: { ...graph, label: "", bgcolor: "transparent" }, node, edge };
    const lines = Object.entries(defaults).map(([kind, each]) => `${kind} ${formatAttributes({ ...each, fontname: FONT })}`);
    for (const [name, attributes] of this.terminals) lines.push(this.writeBox(name, attributes));
    lines.push(...this.writeContents(contents), ...this.writeEdges());
    return `digraph {\n${lines.join("\n")}\n}`;
  }

  writeContents(contents) {
    return contents.filter((name) => !this.outline.hidingRun(name)).flatMap((name) => this.writePart(name));
  }

  writePart(name) {
    const scope = this.outline.scopes.get(name);
    const run = this.outline.runOf.get(name);
    const isCollapsed = run !== undefined && this.outline.collapsed.has(run);
    if (!scope) return [this.writeBox(name, isCollapsed ? run.folded : this.outline.boxes.get(name).attributes)];
    const shown = isCollapsed ? { ...scope, ...run } : scope;
    if (this.outline.folded.has(name)) return [this.writeBox(name, shown.folded)];
    const attributes = { ...this.parts.cluster, label: shown.caption, id: `part-${this.number(name)}` };
    const inside = [`graph ${formatAttributes(attributes)}`, ...this.writeContents(scope.contents)];
    return [`subgraph cluster_${this.number(name)} {`, ...inside, "}"];
  }

  writeBox(name, attributes) {
    const number = this.number(name);
    return `n${number} ${formatAttributes({ ...attributes, id: `part-${number}` })}`;
  }

  number(name) {
    if (!this.places.has(name)) this.places.set(name, this.names.push(name) - 1);
    return this.places.get(name);
  }

  /** Returns the edges between what is drawn, each once; the first of each value has its size. */
  writeEdges() {
    const lines = new Map();
    const labelled = new Set();
    const labels = new Map();
    for (const { value, attributes } of this.parts.edges) {
      if (attributes.label && !labels.has(value)) labels.set(value, attributes.label);
    }
    for (const { value, source, target, attributes } of this.parts.edges) {
      const [from, to] = [this.outline.locate(source), this.outline.locate(target)];
      const key = JSON.stringify([value, from, to]);
      if (from === to || lines.has(key) || this.outline.isLeftOut(source, target)) continue;
      const label = labelled.has(value) ? attributes.label : (labels.get(value) ?? "");
      labelled.add(value);
      lines.set(key, `n${this.number(from)} -> n${this.number(to)} ${formatAttributes({ ...attributes, label })}`);
    }
    return lines.values();
  }
}

/** The font whose widths the engine knows; the style sheet adds those of the same widths for where it is missing. */
const FONT = "Helvetica";

function formatAttributes(attributes) {
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return `[${pairs.map(([key, value]) => `${key}=${formatValue(key, value)}`).join(" ")}]`;
}

/** Quotes a value; of labels alone, markup stays markup. A backslash never escapes the quote at the end. */
function formatValue(key, value) {
  const text = String(value);
  if (key === "label" && text.startsWith("<") && text.endsWith(">")) return text;
  const quoted = text.replaceAll('"', '\\"');
  const isOpen = /\\*$/.exec(quoted)[0].length % 2 === 1;
  return `"${quoted}${isOpen ? "\\" : ""}"`;
}
