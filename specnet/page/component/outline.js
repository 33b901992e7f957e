/** What is folded, and what therefore stands for each layer: the state that the diagram and the table share. */
class Outline {
  constructor(parts) {
    this.boxes = new Map(Object.entries(parts.boxes));
    this.scopes = new Map(Object.entries(parts.scopes));
    this.runs = parts.runs;
    this.around = new Map();
    for (const [name, scope] of this.scopes) for (const inner of scope.contents) this.around.set(inner, name);
    this.runOf = new Map(this.runs.flatMap((run) => run.scopes.map((scope) => [scope, run])));
    this.folded = new Set([...this.scopes.keys()].filter((name) => !this.scopes.get(name).open));
    this.collapsed = new Set(this.runs.filter((run) => !run.open));
    this.remembered = { folded: new Set(), unfolded: new Set(), collapsed: new Set(), expanded: new Set() };
    this.boxOf = new Map();
    for (const [name, part] of [...this.boxes, ...this.scopes]) for (const layer of part.layers) this.boxOf.set(layer, name);
  }

  /** Returns the layers in a box or in the scope of a layer; undefined for a block, which is more than its layers. */
  layersOf(name) {
    const { layers } = this.boxes.get(name) ?? this.scopes.get(name) ?? {};
    return layers?.length ? layers : undefined;
  }

  /** Returns what a box belongs to: the layer of a step, else itself. */
  ownerOf(name) {
    const around = this.around.get(name);
    return this.boxes.has(name) && around && this.layersOf(around) ? around : name;
  }

  isBlock(name) {
    return this.scopes.has(name) && !this.layersOf(name);
  }

  /** Returns the scopes around a box or scope, outermost first. */
  path(name) {
    const scopes = [];
    for (let scope = this.around.get(name); scope !== undefined; scope = this.around.get(scope)) scopes.unshift(scope);
    return scopes;
  }

  /** Returns the run whose first member stands for this one; undefined for the first itself and outside of runs. */
  hidingRun(member) {
    const run = this.runOf.get(member);
    return run && this.collapsed.has(run) && run.scopes[0] !== member ? run : undefined;
  }

  /** Returns the box or scope of this name, or that which is drawn for it where only one of a run is drawn. */
  substitute(name) {
    for (const scope of [...this.path(name), name]) {
      const run = this.hidingRun(scope);
      if (run) {
        const alike = run.scopes[0] + name.slice(scope.length);
        const isThere = this.boxes.has(alike) || this.scopes.has(alike);
        return this.substitute(isThere ? alike : this.lastBox(run.scopes[0]));
      }
    }
    return name;
  }

  lastBox(scope) {
    const last = this.scopes.get(scope).contents.at(-1);
    return this.scopes.has(last) ? this.lastBox(last) : last;
  }

  /** Returns what is drawn for a box or scope: itself, or the outermost folded scope around it. */
  locate(name) {
    const drawn = this.substitute(name);
    return this.path(drawn).find((scope) => this.folded.has(scope)) ?? drawn;
  }

  /** Whether an edge is left out: between members of a collapsed run, or within one for which the first stands. */
  isLeftOut(source, target) {
    const inside = new Map([...this.path(target), target].map((member) => [this.runOf.get(member), member]));
    return [...this.path(source), source].some((member) => {
      const run = this.runOf.get(member);
      if (!run || !this.collapsed.has(run) || !inside.has(run)) return false;
      return inside.get(run) !== member || member !== run.scopes[0];
    });
  }

  /** Whether a box or scope is seen: nothing around it is folded, and neither it nor that is left to another of its run. */
  isShown(name) {
    const around = this.path(name);
    return !around.some((scope) => this.folded.has(scope)) && ![...around, name].some((member) => this.hidingRun(member));
  }

  toggle(scope, isFolded = !this.folded.has(scope)) {
    if (isFolded) this.folded.add(scope);
    else this.folded.delete(scope);
  }

  toggleRun(run) {
    if (!this.collapsed.delete(run)) this.collapsed.add(run);
  }

  foldAll() {
    this.folded = new Set(this.scopes.keys());
    this.collapsed = new Set(this.runs);
  }

  unfoldAll() {
    this.folded.clear();
    this.collapsed.clear();
  }

  /** Opens all that hides a box or scope. */
  reveal(name) {
    for (const scope of this.path(name)) this.folded.delete(scope);
    for (const member of [...this.path(name), name]) this.collapsed.delete(this.hidingRun(member));
  }

  /** Returns what is folded by name, so that it can be restored in an edited network, or when it is sound again. */
  save() {
    const missing = (name) => !this.scopes.has(name);
    const { folded, unfolded, collapsed, expanded } = this.remembered;
    const names = [...this.scopes.keys()];
    const first = (runs) => runs.map((run) => run.scopes[0]);
    return {
      folded: new Set([...[...folded].filter(missing), ...this.folded]),
      unfolded: new Set([...[...unfolded].filter(missing), ...names.filter((name) => !this.folded.has(name))]),
      collapsed: new Set([...[...collapsed].filter(missing), ...first([...this.collapsed])]),
      expanded: new Set([...[...expanded].filter(missing), ...first(this.runs.filter((run) => !this.collapsed.has(run)))]),
    };
  }

  /** Restores what was folded; what is new stays as it is. */
  restore(saved) {
    this.remembered = saved;
    for (const name of this.scopes.keys()) {
      if (saved.folded.has(name)) this.folded.add(name);
      else if (saved.unfolded.has(name)) this.folded.delete(name);
    }
    for (const run of this.runs) {
      if (saved.collapsed.has(run.scopes[0])) this.collapsed.add(run);
      else if (saved.expanded.has(run.scopes[0])) this.collapsed.delete(run);
    }
  }
}
