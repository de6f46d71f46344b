// How much of an answer has been heard that comes over a media line, by how loud the line is from moment to moment.
//
// pure. The line has no positions, only time. Where the server has nothing to say for a while in the midst of an answer,
// the answer's own time stands still; a speaker's pauses are shorter.

const kSilent = 0.001; // of full scale
const kLongestStep = 100; // milliseconds; a page that slept heard nothing
const kPauseInSpeech = 700;

export class LineClock {
  private at = 0;
  private loudAt = -Infinity;

  /** Milliseconds of the answer that were heard since the last step. */
  step(level: number, now: number): number {
    const since = Math.min(kLongestStep, now - this.at);
    this.at = now;
    if (level > kSilent) this.loudAt = now;
    return now - this.loudAt > kPauseInSpeech ? 0 : since;
  }
}
