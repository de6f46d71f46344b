// `@openai/agents`: a RealtimeSession over WebSocket, as its users write it.
import assert from 'node:assert/strict';
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents/realtime';
// Not exported, but the whole point: an event that does not fit its schema is silently taken as unknown there.
import { parseRealtimeEvent } from './node_modules/@openai/agents-realtime/dist/openaiRealtimeEvents.mjs';
import { answered, Events, heardEnough, instructions, longStory, Microphone, question, report, sleep, toolQuestion, webSocketUrl } from './checks.mjs';

async function withSession(config, tools, action) {
    const agent = new RealtimeAgent({ name: 'assistant', instructions, tools });
    const transport = new OpenAIRealtimeWebSocket({ url: `${webSocketUrl}?model=gpt-realtime` });
    const session = new RealtimeSession(agent, { transport, config, tracingDisabled: true });
    const events = new Events();
    const unfit = new Set();
    const faults = [];
    transport.on('*', (event) => {
        events.take(event);
        if (!event.type?.startsWith('antiphon.') && parseRealtimeEvent({ data: JSON.stringify(event) }).isGeneric) unfit.add(event.type);
    });
    session.on('error', (fault) => faults.push(JSON.stringify(fault.error?.error ?? fault.error ?? String(fault))));
    await session.connect({ apiKey: 'none' });
    try {
        await events.until('session.updated');
        await action({ session, transport, events });
    } finally {
        session.close();
    }
    assert.deepEqual(faults, [], 'the session reported errors');
    assert.deepEqual([...unfit], [], 'events that do not fit the schema');
}

const microphoneOf = (session) =>
    new Microphone((frame) => session.sendAudio(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length)));

await report('@openai/agents', {
    'three spoken turns': () =>
        withSession({}, [], async ({ session, events }) => {
            let sound = 0;
            session.on('audio', (event) => (sound += event.data.byteLength));
            const microphone = microphoneOf(session);
            for (const number of [1, 2, 3]) {
                const since = events.all.length;
                sound = 0;
                await microphone.say(question(number));
                const done = await events.until('response.done', since);
                answered(done.response);
                heardEnough(number, (await events.until('conversation.item.input_audio_transcription.completed', since)).transcript);
                assert(sound > 0.3 * 48_000, `only ${sound} bytes of sound`);
            }
            microphone.stop();
            await sleep(500);
            const said = session.history.filter((item) => item.type === 'message' && item.role !== 'system');
            assert.deepEqual(said.map((item) => item.role), ['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
            assert(said.every((item) => item.status !== 'in_progress'), JSON.stringify(said));
            assert(said.every((item) => item.content.some((part) => part.transcript)), JSON.stringify(said));
        }),

    'a tool call run once': async () => {
        const runs = [];
        let current;
        const getTime = tool({
            name: 'get_time',
            description: 'Tells what time it is in a city.',
            parameters: {
                type: 'object',
                properties: { city: { type: 'string' } },
                required: ['city'],
                additionalProperties: false,
            },
            strict: false,
            execute: async (input) => {
                runs.push(input);
                // A small model does not stop by itself to call what it must call.
                current.transport.updateSessionConfig({ toolChoice: 'none' });
                return 'a quarter past ten';
            },
        });
        await withSession({ toolChoice: 'required' }, [getTime], async (given) => {
            current = given;
            given.session.sendMessage(toolQuestion);
            await given.events.until('response.done', 0, (event) => event.response.output.some((item) => item.type === 'message'));
            await sleep(500);
            assert.equal(runs.length, 1, `the tool ran ${runs.length} times`);
            assert.equal(typeof runs[0].city, 'string');
        });
    },

    'an interruption': () =>
        withSession({}, [], async ({ session, events }) => {
            let interrupted = 0;
            session.on('audio_interrupted', () => (interrupted += 1));
            session.sendMessage(longStory);
            await events.until('response.output_audio.delta');
            await sleep(500);
            const microphone = microphoneOf(session);
            await microphone.say(question(1));
            const done = await events.until('response.done');
            assert.equal(done.response.status, 'cancelled');
            assert((await events.until('conversation.item.truncated')).audio_end_ms > 0);
            assert(interrupted > 0, 'the session was not told of it');
            const next = await events.until('response.done', events.all.indexOf(done) + 1);
            answered(next.response);
            microphone.stop();
        }),
});
