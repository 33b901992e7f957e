/** Zooms and pans a picture in a box that scrolls: with the wheel and Ctrl, two fingers, the mouse, or buttons. */
class Viewport {
  constructor(box) {
    this.box = box;
    this.picture = null;
    this.scale = 1;
    this.isFitted = false;
    this.isUnknown = true;
    this.hasPanned = false;
    this.onzoom = () => {};
    box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    box.addEventListener("pointerdown", (event) => this.onPointerDown(event));
    box.addEventListener("touchstart", (event) => this.onTouch(event), { passive: false });
    box.addEventListener("touchmove", (event) => this.onTouch(event), { passive: false });
    new ResizeObserver(() => this.isFitted && this.fit()).observe(box);
  }

  /** Shows a picture; `anchor` is a part of it, and where in the box its corner was in the one before. */
  show(picture, anchor = null) {
    this.picture?.svg.remove();
    const isFirst = this.isUnknown;
    this.isUnknown = false;
    this.picture = picture;
    this.box.append(picture.svg);
    if (isFirst) this.scale = this.chooseScale();
    this.resize();
    if (this.isFitted) this.fit();
    else if (anchor) this.keep(anchor);
    else if (isFirst) this.begin();
  }

  /** Scrolls to the top, with the inputs in the middle. */
  begin() {
    const inputs = this.picture.inputs.map((part) => part.getBoundingClientRect());
    const whole = this.picture.svg.getBoundingClientRect();
    const [left, right] = inputs.length
      ? [Math.min(...inputs.map((each) => each.left)), Math.max(...inputs.map((each) => each.right))]
      : [whole.left, whole.right];
    const frame = this.box.getBoundingClientRect();
    const shift = (left + right - frame.left - frame.right) / 2;
    this.box.scrollTo({ left: this.box.scrollLeft + shift, top: 0, behavior: "instant" });
  }

  /** Makes the next picture be seen as if it were the first. */
  forget() {
    this.isUnknown = true;
    this.isFitted = false;
  }

  /** Returns the scale at which the whole is seen, or of a large network its width, as long as it can be read. */
  chooseScale() {
    const { across, whole } = this.measure();
    return Math.min(1, Math.max(whole, Math.min(across, 0.75), 0.6));
  }

  measure() {
    const { width, height } = this.picture.size;
    const across = this.box.clientWidth / (width * PIXELS);
    return { across, whole: Math.min(across, this.box.clientHeight / (height * PIXELS)) };
  }

  fit() {
    this.scale = Math.min(1.5, this.measure().whole);
    this.isFitted = true;
    this.resize();
  }

  resize() {
    const { width, height } = this.picture.size;
    this.picture.svg.style.width = `${width * PIXELS * this.scale}px`;
    this.picture.svg.style.height = `${height * PIXELS * this.scale}px`;
    this.onzoom(this.scale);
  }

  /** Zooms by a factor around a point of the window, the middle of the box if none is given. */
  zoom(factor, point = null) {
    const frame = this.box.getBoundingClientRect();
    const { x, y } = point ?? { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 };
    const before = this.picture.svg.getBoundingClientRect();
    const [across, down] = [(x - before.x) / before.width, (y - before.y) / before.height];
    this.scale = Math.min(4, Math.max(0.02, this.scale * factor));
    this.isFitted = false;
    this.resize();
    const after = this.picture.svg.getBoundingClientRect();
    this.box.scrollLeft += after.x + across * after.width - x;
    this.box.scrollTop += after.y + down * after.height - y;
  }

  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-Math.max(-50, Math.min(50, event.deltaY)) / 150), { x: event.clientX, y: event.clientY });
  }

  onPointerDown(event) {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    this.hasPanned = false;
    const move = ({ clientX, clientY, movementX, movementY }) => {
      this.hasPanned ||= Math.hypot(clientX - event.clientX, clientY - event.clientY) > 3;
      this.box.scrollBy({ left: -movementX, top: -movementY, behavior: "instant" });
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
  }

  onTouch(event) {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [a, b] = event.touches;
    const distance = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const middle = { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 };
    if (event.type === "touchmove") this.zoom(distance / this.distance, middle);
    this.distance = distance;
  }

  /** Returns where a part is in the window, for `show`. */
  anchor(name) {
    const part = this.picture?.parts.get(name);
    return part ? { name, x: part.getBoundingClientRect().x, y: part.getBoundingClientRect().y } : null;
  }

  keep({ name, x, y }) {
    const part = this.picture.parts.get(name)?.getBoundingClientRect();
    if (part) this.box.scrollBy({ left: part.x - x, top: part.y - y, behavior: "instant" });
  }
}

/** The pixels of a point, in which Graphviz measures. */
const PIXELS = 4 / 3;

/** Scrolls a box, and nothing around it, as far as it takes to show an element, or those from one to another. */
function scrollInto(box, element, last = element) {
  if (!element || !/auto|scroll/.test(getComputedStyle(box).overflowY)) return;
  const [frame, shown, end] = [box, element, last].map((each) => each.getBoundingClientRect());
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  const left = shift(shown.left, shown.right, frame.left, frame.right);
  const top = shift(shown.top, end.bottom, frame.top + HEAD, frame.bottom);
  if (left || top) box.scrollBy({ left: element.matches("tr, .line") ? 0 : left, top, behavior });
}

/** Returns how far to scroll to have an interval in the middle of a frame; of one that is too long, its start is seen. */
function shift(start, end, from, to) {
  if (start >= from && end <= to) return 0;
  return end - start > to - from ? start - from : (start + end - from - to) / 2;
}

/** The height of a table's head, which covers what scrolls below it. */
const HEAD = 32;
