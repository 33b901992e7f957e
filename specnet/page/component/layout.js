/** Lays a graph out with Graphviz, in a thread of its own so that the page stays responsive. */
class Layout {
  constructor(engine) {
    this.engine = engine;
    this.address = null;
    this.worker = null;
    this.cancel = () => {};
  }

  /** Returns the picture of a graph as SVG; a graph that is still being laid out is given up, and rejected with null. */
  async draw(dot) {
    this.cancel();
    this.address ??= URL.createObjectURL(new Blob([await decompress(this.engine), `(${answerRequests})()`]));
    return new Promise((resolve, reject) => {
      this.cancel();
      this.worker ??= new Worker(this.address);
      this.cancel = () => {
        this.stop();
        reject(null);
      };
      this.worker.onmessage = ({ data }) => {
        this.cancel = () => {};
        if (data.svg) resolve(data.svg);
        else reject(new Error(data.error));
      };
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.postMessage(dot);
    });
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.cancel = () => {};
  }
}

/** The program of the thread, behind Graphviz's own text. */
function answerRequests() {
  const starting = globalThis.Viz.instance();
  onmessage = async ({ data }) => {
    try {
      postMessage({ svg: (await starting).renderString(data, { format: "svg" }) });
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
