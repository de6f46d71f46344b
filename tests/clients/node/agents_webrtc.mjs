// `@openai/agents` in a page, as its users write it: a RealtimeSession over WebRTC in a real Chromium. The page is of
// another origin than the server, and has a client secret. Chromium's fake microphone asks two questions, and what the
// page played is read back by the server's recognizer.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
// As in agents.mjs: an event that does not fit its schema is silently taken as unknown there.
import { parseRealtimeEvent } from './node_modules/@openai/agents-realtime/dist/openaiRealtimeEvents.mjs';
import { answered, Events, folder, heardEnough, instructions, question, report, sleep, url } from './checks.mjs';

const rate = 24_000;
const bundle = new URL('./node_modules/@openai/agents-realtime/dist/bundle/', import.meta.url);

/** What the microphone hears, once: the first question when the call has begun, the second after the first answer. */
async function microphone() {
    const silence = (seconds) => Buffer.alloc(2 * rate * seconds);
    const sound = Buffer.concat([silence(4), question(1), silence(14), question(2), silence(2)]);
    const header = Buffer.alloc(44);
    header.write('RIFF');
    header.writeUInt32LE(36 + sound.length, 4);
    header.write('WAVEfmt ', 8);
    for (const [value, at] of [[1, 20], [1, 22], [2, 32], [16, 34]]) header.writeUInt16LE(value, at); // 16-bit mono PCM
    for (const [value, at] of [[16, 16], [rate, 24], [2 * rate, 28], [sound.length, 40]]) header.writeUInt32LE(value, at);
    header.write('data', 36);
    const path = join(folder, 'microphone.wav');
    await writeFile(path, Buffer.concat([header, sound]));
    return path;
}

/** The page's own server: an empty page, and the client as it is published for browsers. */
async function pageServer() {
    const server = createServer(async (request, response) => {
        const script = /^\/agents\/([\w-]+\.mjs)$/.exec(request.url);
        if (script) response.setHeader('Content-Type', 'text/javascript').end(await readFile(new URL(script[1], bundle)));
        else response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>A page</title>');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

async function clientSecret() {
    // Short answers: the next question does not wait for the end of a long one.
    const body = JSON.stringify({ session: { type: 'realtime', model: 'gpt-realtime', max_output_tokens: 20 } });
    const answer = await fetch(`${url}/v1/realtime/client_secrets`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    assert.equal(answer.status, 200);
    return (await answer.json()).value;
}

/** In the page. */
async function call({ baseUrl, apiKey, instructions }) {
    const { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession } = await import('/agents/openai-realtime-agents.mjs');
    const audioElement = document.createElement('audio');
    const transport = new OpenAIRealtimeWebRTC({ baseUrl, audioElement });
    const session = new RealtimeSession(new RealtimeAgent({ name: 'assistant', instructions }), { transport, tracingDisabled: true });
    const faults = [];
    session.on('error', (fault) => faults.push(JSON.stringify(fault.error?.error ?? fault.error ?? String(fault))));
    let recorder;
    const recordings = [];
    transport.on('*', (event) => {
        if (event.type === 'output_audio_buffer.started') {
            const pieces = [];
            const mine = (recorder = new MediaRecorder(audioElement.srcObject, { mimeType: 'audio/webm' }));
            mine.ondataavailable = ({ data }) => pieces.push(data);
            mine.onstop = () => recordings.push(new Blob(pieces));
            mine.start();
        }
        // What was sent is still on its way to the ear.
        if (event.type === 'output_audio_buffer.stopped') setTimeout(() => recorder.stop(), 500);
        window.tell(event);
    });
    await session.connect({ apiKey });
    window.recorded = async () => {
        const asText = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
        return Promise.all(recordings.map(asText));
    };
    window.state = async () => {
        const stats = [...(await transport.connectionState.peerConnection.getStats()).values()];
        const { packetsReceived, packetsLost, totalAudioEnergy } = stats.find(({ type }) => type === 'inbound-rtp');
        return { history: session.history, faults, status: transport.status, callId: transport.callId, packetsReceived, packetsLost, totalAudioEnergy };
    };
    window.leave = () => session.close();
}

async function readBack(recording) {
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(recording, 'base64')]), 'answer.webm');
    form.append('model', 'whisper-1');
    const answer = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()).text;
}

const words = (text) => new Set(text.toLowerCase().match(/[a-z']+/g) ?? []);

await report('@openai/agents over WebRTC in Chromium', {
    'two spoken turns': async () => {
        const browser = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
            args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream',
                '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${await microphone()}%noloop`],
        });
        const { server, origin } = await pageServer();
        try {
            const context = await browser.newContext({ permissions: ['microphone'] });
            const page = await context.newPage();
            const events = new Events();
            await page.exposeFunction('tell', (event) => events.take(event));
            await page.goto(origin);
            await page.evaluate(call, { baseUrl: `${url}/v1/realtime/calls`, apiKey: await clientSecret(), instructions });
            let since = 0;
            for (const number of [1, 2]) {
                const heard = await events.until('conversation.item.input_audio_transcription.completed', since);
                heardEnough(number, heard.transcript);
                answered((await events.until('response.done', since)).response);
                const stopped = await events.until('output_audio_buffer.stopped', since);
                since = events.all.indexOf(stopped) + 1;
            }
            await sleep(1_000); // the recorder's last words
            const { history, faults, status, callId, packetsReceived, totalAudioEnergy } = await page.evaluate(() => window.state());
            assert.deepEqual(faults, [], 'the session reported errors');
            assert.equal(status, 'connected');
            assert.match(callId, /^rtc_/, 'Location is exposed to pages of other origins');
            assert(packetsReceived > 100 && totalAudioEnergy > 0, `${packetsReceived} packets, energy ${totalAudioEnergy}`);
            const said = history.filter((item) => item.type === 'message' && item.role !== 'system');
            assert.deepEqual(said.map((item) => item.role), ['user', 'assistant', 'user', 'assistant']);
            const answers = said.filter((item) => item.role === 'assistant').map((item) => item.content.map((part) => part.transcript).join(' '));
            const recordings = await page.evaluate(() => window.recorded());
            assert.equal(recordings.length, 2);
            for (const [index, recording] of recordings.entries()) {
                const meant = words(answers[index]);
                const heard = words(await readBack(recording));
                const common = [...meant].filter((word) => heard.has(word)).length;
                assert(meant.size > 0 && common * 2 >= meant.size, `"${[...meant].join(' ')}" was played as "${[...heard].join(' ')}"`);
            }
            const created = events.all.find((event) => event.type === 'session.created');
            assert.equal(created.session.max_output_tokens, 20, 'the session of the client secret');
            assert(events.all.every((event) => event.type !== 'response.output_audio.delta'), 'the sound goes by RTP');
            const unfit = events.all.filter((event) => !event.type.startsWith('antiphon.') && parseRealtimeEvent({ data: JSON.stringify(event) }).isGeneric);
            assert.deepEqual([...new Set(unfit.map((event) => event.type))], [], 'events that do not fit the schema');
            await page.evaluate(() => window.leave());
        } finally {
            await browser.close();
            server.close();
        }
    },
});
