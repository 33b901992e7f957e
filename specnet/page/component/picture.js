/** Turns Graphviz's SVG into a picture of the page: its colours follow the theme, its parts can be found and focused. */
class Picture {
  constructor(text, names, describe, inputs) {
    this.svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    this.parts = new Map();
    this.size = { width: parseFloat(this.svg.getAttribute("width")), height: parseFloat(this.svg.getAttribute("height")) };
    this.svg.removeAttribute("width");
    this.svg.removeAttribute("height");
    this.svg.querySelectorAll("[fill], [stroke]").forEach(followTheme);
    this.svg.querySelectorAll(".node, .cluster").forEach((group) => this.prepare(group, names, describe));
    this.inputs = inputs.flatMap((name) => this.parts.get(name) ?? []);
    this.edges = [...this.svg.querySelectorAll(".edge")].map((edge) => ({ edge, source: edge.querySelector("title").textContent.split("->")[0] }));
    this.svg.querySelectorAll("g > title").forEach((title) => title.parentNode.matches(".edge, .graph") && title.remove());
  }

  /** Makes a box or scope known by its name; its tooltip is the one that it was given. */
  prepare(group, names, describe) {
    const name = names[Number(group.id.replace("part-", ""))];
    const link = group.querySelector("a");
    const title = group.querySelector("title");
    title.textContent = link?.getAttribute("xlink:title") ?? "";
    if (link) link.replaceWith(...link.childNodes);
    if (!title.textContent) title.remove();
    group.removeAttribute("id");
    group.dataset.name = name;
    const texts = [...group.querySelectorAll("text")].map((text) => text.textContent.trim());
    for (const [key, value] of Object.entries(describe(name, texts))) group.setAttribute(key, value);
    this.parts.set(name, group);
  }

  /** Returns a long picture in columns for a page, cut between boxes where few values cross; none if it is not long. */
  makeColumns() {
    const { x, y, width, height } = this.svg.viewBox.baseVal;
    const count = height < LEGIBLE ? 1 : Math.round(Math.sqrt(height / width / PAGE));
    const drawing = this.svg.querySelector("g");
    const shift = drawing.transform.baseVal.consolidate().matrix.f;
    const gaps = findGaps(this.listNodes().map((part) => measureHeight(part, shift)));
    const ideal = Array.from({ length: Math.max(0, count - 1) }, (_, place) => y + (height * (place + 1)) / count);
    const crossings = this.countCrossings(ideal.length ? this.listCuts(gaps, shift) : [], shift);
    const cuts = gaps.length ? [...new Set(ideal.map((at) => findCut(crossings, at, height / count / 4)))] : [];
    drawing.id = "drawing";
    const makePart = (from, place) => makeColumn(x, from, width, (cuts[place] ?? y + height) - from);
    return cuts.length ? [y, ...cuts].map(makePart) : [];
  }

  listNodes() {
    return [...this.parts.values()].filter((part) => part.matches(".node"));
  }

  listFrames() {
    return [...this.parts.values()].filter((part) => part.matches(".cluster"));
  }

  /** Returns the heights at which to cut: the middles of gaps between boxes, and above and below the frames there. */
  listCuts(gaps, shift) {
    const edges = this.listFrames().flatMap((part) => measureHeight(part, shift)).flatMap((at) => [at - 4, at + 4]);
    const nodes = this.listNodes().map((part) => measureHeight(part, shift));
    return [...gaps, ...edges.filter((at) => nodes.every(([from, to]) => at < from || at > to))];
  }

  /** Returns for each height how many values and frames of blocks cross it. */
  countCrossings(heights, shift) {
    const edges = this.edges.map(({ edge, source }) => [source, measureHeight(edge, shift)]);
    const frames = this.listFrames().map((part) => [part, measureHeight(part, shift)]);
    const count = (spans, at) => new Set(spans.filter(([, [from, to]]) => from < at && at < to).map(([key]) => key)).size;
    return new Map(heights.map((at) => [at, count(edges, at) + count(frames, at) / 100]));
  }

  /** Returns the nearest part in the direction of an arrow key, as seen from another part. */
  findNeighbour(name, key) {
    const from = center(this.parts.get(name));
    const ahead = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[key];
    let best;
    for (const [other, part] of this.parts) {
      if (other === name || part.matches(".cluster")) continue;
      const [x, y] = center(part).map((value, axis) => value - from[axis]);
      const along = x * ahead[0] + y * ahead[1];
      const across = Math.abs(x * ahead[1]) + Math.abs(y * ahead[0]);
      if (along > 1 && across < 3 * along && !(best?.cost <= along + 2 * across)) best = { other, cost: along + 2 * across };
    }
    return best?.other;
  }
}

/** The height of a page for its width, and the height in points of a picture that is still legible on one. */
const PAGE = 1.3;
const LEGIBLE = 1100;

/** Returns the middles of the gaps between intervals, from the first to the last. */
function findGaps(intervals) {
  const gaps = [];
  let end = Infinity;
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    if (from > end) gaps.push((end + from) / 2);
    end = end === Infinity ? to : Math.max(end, to);
  }
  return gaps;
}

/** Returns the top and the bottom of a part. */
function measureHeight(part, shift) {
  const { y, height } = part.getBBox();
  return [y + shift, y + height + shift];
}

/** Returns the height at which least crosses of those that are near, or else the nearest. */
function findCut(crossings, at, near) {
  const sorted = [...crossings].toSorted(([a], [b]) => Math.abs(a - at) - Math.abs(b - at));
  const [nearest, ...others] = sorted;
  const candidates = others.filter(([height]) => Math.abs(height - at) <= near);
  return candidates.reduce((best, each) => (each[1] < best[1] ? each : best), nearest)[0];
}

/** Returns a part of the drawing, which is not copied for it. */
function makeColumn(x, y, width, height) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", [x, y, width, height].join(" "));
  svg.style.setProperty("--tallness", height / width);
  svg.append(document.createElementNS(SVG, "use"));
  svg.firstChild.setAttribute("href", "#drawing");
  return svg;
}

const SVG = "http://www.w3.org/2000/svg";

function center(part) {
  const { x, y, width, height } = part.getBBox();
  return [x + width / 2, y + height / 2];
}

/** Lets the style sheet choose a dark counterpart for each colour of an element. */
function followTheme(element) {
  for (const key of ["fill", "stroke"]) {
    const colour = element.getAttribute(key);
    if (!colour || colour === "none" || colour === "transparent") continue;
    element.style.setProperty(`--${key}`, colour);
    element.classList.add(element.localName === "text" ? "ink" : key === "fill" ? "filled" : "drawn");
  }
}
