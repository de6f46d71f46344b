// Sound on the wire: 24 kHz mono, 16-bit little-endian, as base64 ("audio/pcm" of the Realtime API).

export const kWireRate = 24000;

/** [-1, 1] to 16 bit, rounded; what is louder is clipped, what is not a number is silence. */
export function toInt16(samples: Float32Array): Int16Array {
  const out = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round((samples[i] ?? 0) * 32768);
    out[i] = Math.max(-32768, Math.min(32767, scaled)); // NaN is stored as 0
  }
  return out;
}

export function toFloat(samples: Int16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = (samples[i] ?? 0) / 32768;
  return out;
}

/** 16-bit samples as little-endian bytes, whatever the machine's own byte order. */
export function bytesOf(samples: Int16Array): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i] ?? 0, true);
  return view.buffer;
}

/** The samples of a binary frame; half a sample at its end is left out. */
export function samplesOf(bytes: ArrayBuffer): Int16Array {
  const view = new DataView(bytes);
  const out = new Int16Array(bytes.byteLength >> 1);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(2 * i, true);
  return out;
}

export function encodePcm(samples: Int16Array): string {
  const bytes = new Uint8Array(bytesOf(samples));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The samples of one base64 delta; undefined when it is not base64 or not whole samples. */
export function decodePcm(base64: string): Int16Array | undefined {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    return undefined;
  }
  if (binary.length % 2 !== 0) return undefined;
  const out = new Int16Array(binary.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = binary.charCodeAt(2 * i) | (binary.charCodeAt(2 * i + 1) << 8);
  }
  return out;
}

/** Root mean square in [0, 1]. */
export function loudness(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

/** A level for the eye: -60 dB is 0, -6 dB and louder is 1. */
export function meterLevel(rms: number): number {
  const decibels = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.max(0, Math.min(1, (decibels + 60) / 54));
}
