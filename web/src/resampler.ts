// Changes the sample rate of a stream, with the low-pass that keeps aliases out.
//
// Polyphase windowed sinc: the ratio is reduced to up/down, the output sample n lies at input time
// n * down / up, and each of the `up` fractional positions has its own row of taps. The window is Kaiser's
// (beta 8, about 80 dB); the cutoff is 92 % of the lower Nyquist frequency. Between calls of process() the
// stream has no seams. The first output is at the time of the first input sample, so nothing is shifted.

const kZeroCrossings = 32; // of the sinc on each side
const kCutoff = 0.92;
const kBeta = 8;

export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly reach: number; // taps on each side of an output's position
  private readonly rows: Float32Array[];
  private pending: Float32Array; // input not used up; pending[0] is the input sample number `first`
  private first: number;
  private seen = 0; // input samples taken
  private made = 0; // output samples given

  constructor(inputRate: number, outputRate: number) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.up = outputRate / divisor;
    this.down = inputRate / divisor;
    const scale = Math.min(1, outputRate / inputRate) * kCutoff; // of the input's Nyquist frequency
    this.reach = Math.ceil(kZeroCrossings / scale);
    this.rows = this.up === this.down ? [] : makeRows(this.up, this.reach, scale);
    this.first = -this.reach; // the stream begins with silence
    this.pending = new Float32Array(this.reach);
  }

  /** The output that the input so far is enough for. */
  process(input: Float32Array): Float32Array {
    if (this.up === this.down) return input;
    const joined = new Float32Array(this.pending.length + input.length);
    joined.set(this.pending);
    joined.set(input, this.pending.length);
    this.pending = joined;
    this.seen += input.length;
    return this.make(Math.floor(((this.seen - this.reach) * this.up - 1) / this.down) + 1);
  }

  /** The rest, as if silence followed; the stream ends here. */
  finish(): Float32Array {
    if (this.up === this.down) return new Float32Array(0);
    const joined = new Float32Array(this.pending.length + this.reach);
    joined.set(this.pending);
    this.pending = joined;
    return this.make(Math.ceil((this.seen * this.up) / this.down));
  }

  private make(total: number): Float32Array {
    const out = new Float32Array(Math.max(0, total - this.made));
    for (let i = 0; i < out.length; i++, this.made++) {
      const position = this.made * this.down;
      const row = this.rows[position % this.up] as Float32Array;
      const start = Math.floor(position / this.up) - this.reach + 1 - this.first;
      let sum = 0;
      for (let tap = 0; tap < row.length; tap++) sum += (row[tap] as number) * (this.pending[start + tap] ?? 0);
      out[i] = sum;
    }
    const next = Math.floor((this.made * this.down) / this.up) - this.reach + 1 - this.first;
    if (next > 0) {
      this.pending = this.pending.slice(next);
      this.first += next;
    }
    return out;
  }
}

/** Row p holds the taps for an output that lies p/up of a sample after an input sample; each row sums to 1. */
function makeRows(up: number, reach: number, scale: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let phase = 0; phase < up; phase++) {
    const row = new Float32Array(2 * reach);
    let sum = 0;
    for (let tap = 0; tap < row.length; tap++) {
      const distance = tap - reach + 1 - phase / up;
      const value = sinc(distance * scale) * kaiser(distance / reach);
      row[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < row.length; tap++) row[tap] = (row[tap] as number) / sum;
    rows.push(row);
  }
  return rows;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel0(kBeta * Math.sqrt(1 - x * x)) / bessel0(kBeta);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-10; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
