// The global names of an AudioWorklet, which TypeScript's DOM library does not declare.

interface WorkletScope {
  readonly sampleRate: number;
  readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(name: string, processor: new (options: { processorOptions: never }) => object): void;
}

export const scope = globalThis as unknown as WorkletScope;
