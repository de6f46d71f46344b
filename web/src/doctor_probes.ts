// The connection doctor goes the way to a call, leg by leg, and says what it found as soon as it is known.

import { bearer, keyOf, passportOf } from './access_key.ts';
import { isMixedContent, type Backend } from './address.ts';
import {
  failed,
  iceUrls,
  judgeCall,
  judgeClock,
  judgeCodec,
  judgeHttp,
  judgeMicrophone,
  judgeStun,
  judgeTurn,
  ok,
  skipped,
  type CallTried,
  type Finding,
  type Gathered,
  type Leg,
} from './doctor.ts';
import { offeredSession, parseServerEvent } from './events.ts';
import { openMicrophone, stopTracks } from './sound_device.ts';
import { canWebRtc, WebRtcWay } from './web_rtc_way.ts';
import { WebSocketWay } from './web_socket_way.ts';

const kPatience = 5_000; // milliseconds for one leg
const kCallPatience = 10_000;
const kManner = { voice: '', speed: 1, instructions: '' };

/** To be called in a click. `stop` ends it early. */
export async function* examine(backend: Backend, stop: AbortSignal): AsyncGenerator<Finding> {
  const context = new AudioContext();
  const silence = context.createMediaStreamDestination().stream;
  let microphone: MediaStream | undefined;
  try {
    const name = await openMicrophone('').then(
      (stream) => ((microphone = stream), ''),
      (error: unknown) => (error instanceof DOMException ? error.name : String(error)),
    );
    yield judgeMicrophone(navigator.mediaDevices !== undefined, name);
    yield* network(backend, microphone ?? silence, stop);
  } finally {
    if (microphone !== undefined) stopTracks(microphone);
    void context.close();
  }
}

async function* network(backend: Backend, stream: MediaStream, stop: AbortSignal): AsyncGenerator<Finding> {
  const { http, date } = await askReady(backend);
  yield http;
  if (http.state === 'failed') {
    for (const leg of ['clock', 'websocket', 'stun', 'turn', 'codec', 'webrtc'] as Leg[]) yield skipped(leg, 'HTTP failed');
    return;
  }
  yield judgeClock(date, Date.now());
  if (stop.aborted) return;
  const told = await fetch(backend.ice, { cache: 'no-store', headers: bearer(keyOf(backend)), signal: AbortSignal.timeout(kPatience) }).catch(
    () => undefined,
  );
  if (told?.status === 401) {
    yield failed('http', 'http.no_key');
    for (const leg of ['websocket', 'stun', 'turn', 'codec', 'webrtc'] as Leg[]) yield skipped(leg, 'no key, no call');
    return;
  }
  yield await tryWebSocket(backend);
  if (!canWebRtc()) {
    for (const leg of ['stun', 'turn', 'codec', 'webrtc'] as Leg[]) yield skipped(leg, 'this browser has no WebRTC');
    return;
  }
  const ice = told?.ok === true ? await told.json().then(iceUrls, () => undefined) : undefined;
  if (stop.aborted) return;
  if (ice === undefined) {
    yield failed('stun', 'ice.failed');
    yield skipped('turn', 'nobody knows of one');
  } else {
    for (const server of ice.stun) yield judgeStun(await gather(server, 'all'));
    if (ice.stun.length === 0) yield skipped('stun', 'the server names none, and needs none where it can be reached');
    for (const server of ice.turn) yield judgeTurn(await gather(server, 'relay'));
    if (ice.turn.length === 0) yield skipped('turn', 'the server names none, and needs none where UDP gets through');
  }
  yield judgeCodec((RTCRtpReceiver.getCapabilities('audio')?.codecs ?? []).map(({ mimeType }) => mimeType));
  if (stop.aborted) return;
  const servers = ice === undefined ? [] : [...ice.stun, ...ice.turn];
  yield judgeCall(await tryCall(backend, servers, stream, stop));
}

async function askReady(backend: Backend): Promise<{ http: Finding; date: string | null }> {
  const mixed = isMixedContent(location.protocol, backend);
  try {
    const answer = await fetch(backend.ready, { cache: 'no-store', signal: AbortSignal.timeout(kPatience) });
    const body: unknown = await answer.json().catch(() => undefined);
    return { http: judgeHttp({ status: answer.status, body, timedOut: false, mixed }), date: answer.headers.get('Date') };
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    return { http: judgeHttp({ status: 0, body: undefined, timedOut, mixed }), date: null };
  }
}

function tryWebSocket(backend: Backend): Promise<Finding> {
  return new Promise((resolve) => {
    let way: WebSocketWay | undefined;
    const end = (finding: Finding): void => {
      window.clearTimeout(timer);
      way?.close();
      resolve(finding);
    };
    const timer = window.setTimeout(() => end(failed('websocket', 'websocket.no_session', 'nothing came')), kPatience);
    try {
      way = new WebSocketWay(backend.realtime, passportOf(backend), {
        onText: (text) => {
          const begins = parseServerEvent(text)?.type === 'session.created';
          end(begins ? ok('websocket', 'a call begins') : failed('websocket', 'websocket.no_session', 'another message came first'));
        },
        onSound: () => undefined,
        onEnd: ({ code, reason, opened }) =>
          end(failed('websocket', opened ? 'websocket.no_session' : 'websocket.failed', `closed with ${code} ${reason}`.trim())),
      });
    } catch {
      end(failed('websocket', 'websocket.failed'));
    }
  });
}

/** Asks one STUN or TURN server by letting the browser look for addresses. */
async function gather(server: RTCIceServer, iceTransportPolicy: RTCIceTransportPolicy): Promise<Gathered> {
  const found: Gathered = { url: String(server.urls), candidates: [], errors: [], complete: false };
  let peer: RTCPeerConnection;
  try {
    peer = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy });
  } catch {
    return found;
  }
  const wanted = iceTransportPolicy === 'relay' ? 'relay' : 'srflx';
  await new Promise<void>((resolve) => {
    window.setTimeout(resolve, kPatience);
    peer.onicecandidate = ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') {
        found.complete = true;
        resolve();
      } else {
        found.candidates.push({ type: candidate.type ?? '', address: candidate.address ?? '' });
        if (candidate.type === wanted) resolve();
      }
    };
    peer.onicecandidateerror = ({ errorCode }) => found.errors.push(errorCode);
    peer.createDataChannel('look');
    void peer.setLocalDescription().catch(() => resolve());
  });
  peer.close();
  return found;
}

/** A call over WebRTC, until sound has gone both ways; it is ended then. */
function tryCall(backend: Backend, iceServers: RTCIceServer[], microphone: MediaStream, stop: AbortSignal): Promise<CallTried> {
  const tried: CallTried = { status: 0, created: false, received: false, heard: false };
  return new Promise((resolve) => {
    const end = (): void => {
      window.clearTimeout(timer);
      way.hangUp();
      resolve(tried);
    };
    const look = (): void => {
      if (tried.created && tried.received && tried.heard) end();
    };
    const way = new WebRtcWay(
      {
        calls: backend.calls,
        session: offeredSession('', kManner, true),
        iceServers: Promise.resolve(iceServers),
        passport: passportOf(backend),
        microphone,
      },
      {
        onTaken: () => (tried.status = 201),
        onRefused: (status) => {
          tried.status = status;
          end();
        },
        onLine: () => undefined,
        onConnected: () => undefined,
        onFlow: () => {
          tried.received = true;
          look();
        },
        onText: (text) => {
          const event = parseServerEvent(text);
          tried.created ||= event?.type === 'session.created';
          tried.heard ||= event?.type === 'antiphon.heard' && event.input_audio_ms > 0;
          look();
        },
        onSound: () => undefined,
        onLost: end,
        onEnd: end,
      },
    );
    const timer = window.setTimeout(end, kCallPatience);
    stop.addEventListener('abort', end, { once: true });
  });
}
