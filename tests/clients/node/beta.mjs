// The reference client of the beta dialect: OpenAI's own (BETA_CLIENT names its folder), else `openai-realtime-api`, its
// port on npm. BETA_BY=subprotocol lets it ask as a browser does, else it asks by the header OpenAI-Beta.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { answered, Events, heardEnough, instructions, longStory, Microphone, patience, question, report, sleep, toolQuestion, webSocketUrl } from './checks.mjs';

const own = process.env.BETA_CLIENT;
const bySubprotocol = own || process.env.BETA_BY === 'subprotocol';
// With a WebSocket there they take themselves to be in a browser. OpenAI's own has its address built in otherwise.
if (bySubprotocol) globalThis.WebSocket = WebSocket;
else delete globalThis.WebSocket;
const { RealtimeClient } = await import(own ? `${own}/index.js` : 'openai-realtime-api');

async function withClient(settings, tool, action) {
    const client = new RealtimeClient({ url: webSocketUrl, apiKey: own ? undefined : 'none' });
    const events = new Events();
    client.on('realtime.event', ({ source, event }) => source === 'server' && events.take(event));
    // These clients ask for 4096 tokens by themselves, which a small model makes use of.
    client.updateSession({ instructions, max_response_output_tokens: 40, input_audio_transcription: { model: 'whisper-1' }, ...settings });
    if (tool) client.addTool(...tool);
    // What the client throws while it takes an event in ("Item not found") ends the process otherwise.
    const thrown = new Promise((_, reject) => process.once('uncaughtException', reject));
    thrown.catch(() => {});
    const late = sleep(3 * patience).then(() => assert.fail('it takes too long'));
    late.catch(() => {});
    try {
        await client.connect();
        await Promise.race([
            thrown,
            late,
            events.until('session.updated').then(() => action({ client, events })),
        ]);
        events.noErrors();
    } finally {
        process.removeAllListeners('uncaughtException');
        client.disconnect();
    }
}

const microphoneOf = (client) =>
    new Microphone((frame) => client.appendInputAudio(new Int16Array(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length))));
const type = (client, text) => client.sendUserMessageContent([{ type: 'input_text', text }]);
const spoken = { turn_detection: { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 } };
const itemsOf = (client) => client.conversation.getItems();

await report(own ? 'openai-realtime-api-beta' : `openai-realtime-api by ${bySubprotocol ? 'subprotocol' : 'header'}`, {
    'three spoken turns': () =>
        withClient(spoken, undefined, async ({ client, events }) => {
            const microphone = microphoneOf(client);
            for (const number of [1, 2, 3]) {
                const since = events.all.length;
                await microphone.say(question(number));
                const done = await events.until('response.done', since);
                answered(done.response);
                heardEnough(number, (await events.until('conversation.item.input_audio_transcription.completed', since)).transcript);
            }
            microphone.stop();
            const items = itemsOf(client);
            assert.deepEqual(items.map((item) => item.role), ['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
            for (const item of items.filter((item) => item.role === 'assistant')) {
                assert(item.formatted.audio.length > 0.3 * 24_000, 'the answer has no sound');
                assert(item.formatted.transcript, 'the answer has no words');
            }
        }),

    'a tool call run once': async () => {
        const runs = [];
        let current;
        const definition = {
            name: 'get_time',
            description: 'Tells what time it is in a city.',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        };
        const handler = async (input) => {
            runs.push(input);
            // A small model does not stop by itself to call what it must call.
            current.updateSession({ tool_choice: 'none' });
            return { time: 'a quarter past ten' };
        };
        await withClient({ tool_choice: 'required' }, [definition, handler], async ({ client, events }) => {
            current = client;
            type(client, toolQuestion);
            await events.until('response.done', 0, (event) => event.response.output.some((item) => item.type === 'message'));
            await sleep(500);
            assert.equal(runs.length, 1, `the tool ran ${runs.length} times`);
            assert.equal(typeof runs[0].city, 'string');
        });
    },

    'an interruption': () =>
        withClient(spoken, undefined, async ({ client, events }) => {
            let interrupted = 0;
            client.on('conversation.interrupted', () => {
                interrupted += 1;
            });
            type(client, longStory);
            await events.until('response.audio.delta');
            await sleep(500);
            const microphone = microphoneOf(client);
            await microphone.say(question(1));
            const done = await events.until('response.done');
            assert.equal(done.response.status, 'cancelled');
            assert(interrupted > 0, 'the client was not told of it');
            const next = await events.until('response.done', events.all.indexOf(done) + 1);
            answered(next.response);
            microphone.stop();
        }),
});
