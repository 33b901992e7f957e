/** Lays a graph out with Graphviz, in a thread of its own so that the page stays responsive. */
class Layout {
  constructor(engine) {
    this.engine = engine;
    this.address = null;
    this.worker = null;
    this.cancel = () => {};
  }

  /** Returns the picture of a graph as SVG, roughly laid out if it takes too long. */
  async draw(dot) {
    try {
      return await this.lay(dot, {}, PATIENCE);
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
      return this.lay(dot, ROUGH, 2 * PATIENCE);
    }
  }

  /** Lays a graph out within a time; one that is still being laid out is given up, and rejected with null. */
  async lay(dot, graphAttributes, patience) {
    this.cancel();
    this.address ??= URL.createObjectURL(new Blob([await decompress(this.engine), `(${answerRequests})()`]));
    return new Promise((resolve, reject) => {
      this.cancel();
      this.worker ??= new Worker(this.address);
      const giveUp = (reason) => {
        clearTimeout(timer);
        this.stop();
        reject(reason);
      };
      const timer = setTimeout(() => giveUp(new TooSlow()), patience);
      this.cancel = () => giveUp(null);
      this.worker.onmessage = ({ data }) => {
        this.cancel = () => {};
        clearTimeout(timer);
        if (data.svg) resolve(data.svg);
        else reject(new Error(data.error));
      };
      this.worker.onerror = (event) => giveUp(new Error(event.message));
      this.worker.postMessage({ dot, graphAttributes });
    });
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.cancel = () => {};
  }
}

class TooSlow extends Error {}

/** The milliseconds after which a graph is laid out roughly instead. */
const PATIENCE = 10000;

/** Makes Graphviz try less often to shorten and to untangle edges. */
const ROUGH = { mclimit: 0.1, nslimit: 1, splines: "line" };

/** The program of the thread, behind Graphviz's own text. */
function answerRequests() {
  const starting = globalThis.Viz.instance();
  onmessage = async ({ data }) => {
    try {
      postMessage({ svg: (await starting).renderString(data.dot, { format: "svg", graphAttributes: data.graphAttributes }) });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
}

/** Returns the text of gzip in base64. */
async function decompress(encoded) {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
