// Worker: runs the module of its name. A classic one, since LiteRT.js loads its runtime by importScripts.

const module = import(`./${self.name}.js`);

self.addEventListener("message", async ({ data }) => {
  try {
    const { receive } = await module;
    receive(data);
  } catch (error) { // of loading the module
    postMessage({ id: data.id, error: String(error) });
  }
});
