// What the Node clients share: the questions' sound, waiting for events, and how the checks are told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const url = process.env.ANTIPHON_URL; // for example http://127.0.0.1:8080
export const webSocketUrl = `${url.replace(/^http/, 'ws')}/v1/realtime`;
export const patience = 60_000;

export const instructions = 'Answer in one short sentence.';
export const longStory = 'Tell a long story about a river and the people who live beside it.';
export const toolQuestion = 'What time is it in Paris?';

const frame = 960; // bytes of 20 ms: 24 kHz, 16 bits
/** Where run.sh puts the questions, and its clients what goes with them. */
export const folder = process.env.ANTIPHON_SPEECH;

/** The sound of question 1, 2 or 3, made by run.sh. */
export const question = (number) => readFileSync(`${folder}/question${number}.raw`);

/** At least half of the question's telling words: whether the sound came through, not how good Whisper is. */
export function heardEnough(number, transcript) {
    const heard = transcript.toLowerCase().split(/[^a-z']+/);
    const wanted = readFileSync(`${folder}/question${number}.words`, 'utf8').trim().split(/\s+/);
    assert(wanted.filter((word) => heard.includes(word)).length * 2 >= wanted.length, `of ${wanted} was heard: "${transcript}"`);
}

/** To its end, or to the bound that run.sh sets: a small model does not keep to one sentence. */
export function answered(response) {
    const cut = response.status === 'incomplete' && response.status_details?.reason === 'max_output_tokens';
    assert(response.status === 'completed' || cut, JSON.stringify(response.status_details));
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends silence without pause, and between it what say() is given. */
export class Microphone {
    #frames = [];
    #due = performance.now();
    #timer;

    constructor(send) {
        const tick = () => {
            while (this.#due <= performance.now()) {
                send(this.#frames.shift() ?? Buffer.alloc(frame));
                this.#due += 20;
            }
            this.#timer = setTimeout(tick, Math.max(0, this.#due - performance.now()));
        };
        tick();
    }

    async say(sound) {
        for (let at = 0; at < sound.length; at += frame) {
            const piece = Buffer.alloc(frame);
            sound.copy(piece, 0, at, Math.min(at + frame, sound.length));
            this.#frames.push(piece);
        }
        while (this.#frames.length > 0) await sleep(20);
    }

    stop() {
        clearTimeout(this.#timer);
    }
}

/** The server's events in order, and waiting for one of them. */
export class Events {
    all = [];
    #waiting = new Set();

    take(event) {
        this.all.push(event);
        for (const look of this.#waiting) look();
    }

    async until(type, since = 0, where = () => true) {
        const found = () => {
            this.noErrors();
            return this.all.slice(since).find((event) => event.type === type && where(event));
        };
        if (!found()) {
            await new Promise((resolve, reject) => {
                const timer = setTimeout(() => {
                    this.#waiting.delete(look);
                    const seen = [...new Set(this.all.slice(since).map((event) => event.type))];
                    reject(new Error(`no ${type}, only ${seen}`));
                }, patience);
                const look = () => {
                    try {
                        if (!found()) return;
                        resolve();
                    } catch (error) {
                        reject(error);
                    }
                    clearTimeout(timer);
                    this.#waiting.delete(look);
                };
                this.#waiting.add(look);
            });
        }
        return found();
    }

    noErrors() {
        const errors = this.all.filter((event) => event.type === 'error').map((event) => event.error.message);
        assert.deepEqual(errors, []);
    }
}

/** Runs the checks one after the other, tells each in a line, and ends the process. */
export async function report(client, checks) {
    let failed = 0;
    for (const [name, action] of Object.entries(checks)) {
        const began = performance.now();
        const seconds = () => `(${((performance.now() - began) / 1000).toFixed(1)} s)`;
        try {
            await action();
            console.log(`PASS ${client}: ${name} ${seconds()}`);
        } catch (failure) {
            failed += 1;
            console.log(`FAIL ${client}: ${name} ${seconds()}: ${String(failure.message ?? failure).slice(0, 600)}`);
            console.error(failure);
        }
    }
    process.exit(failed === 0 ? 0 : 1);
}
