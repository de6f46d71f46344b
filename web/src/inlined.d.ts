// A worklet's bundled source, put in by build.mjs: an AudioWorklet loads its code by address only, and
// the page is one file, so it gives the code a Blob's address.
declare module 'inline:*' {
  const source: string;
  export default source;
}
