// Answers of a worker to the requests of its client, in turn.

/** Answer of a handler, with the objects to transfer to the page. */
export class Handed {
  /**
   * @param {unknown} content
   * @param {Transferable[]} transfer
   */
  constructor(content, transfer) {
    this.content = content;
    this.transfer = transfer;
  }
}

/**
 * Function that answers requests, each when those before it are answered.
 *
 * @param {Record<string, (request: any) => Promise<unknown>>} handlers by the kind of the request
 * @returns {(request: {kind: string, id: number}) => void}
 */
export function answering(handlers) {
  let last = Promise.resolve();
  const handle = async (/** @type {{kind: string, id: number}} */ request) => {
    try {
      const answer = await handlers[request.kind](request);
      const { content, transfer } = answer instanceof Handed ? answer : new Handed(answer, []);
      self.postMessage({ id: request.id, answer: content }, { transfer });
    } catch (error) {
      self.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
  };
  return (request) => {
    last = last.then(() => handle(request));
  };
}
