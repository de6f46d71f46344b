// Files that build.mjs puts in as text. A worklet's source comes bundled: an AudioWorklet loads its code by
// address only, and the page is one file, so it gives the code a Blob's address.
declare module 'inline:*' {
  const source: string;
  export default source;
}
