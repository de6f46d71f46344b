// A call over a WebSocket: events as text, sound as binary messages or in events.

import { protocolsWith, type Passport } from './access_key.ts';
import { bytesOf } from './pcm.ts';
import { kNotLetIn, type Way, type WayListener } from './ways.ts';

export class WebSocketWay implements Way {
  readonly kind = 'websocket';
  private socket: WebSocket | undefined;
  private closed = false;

  /** Throws for an address that is none. What the passport gives is shown to the server; undefined: nothing is. */
  constructor(address: string, passport: Passport | undefined, listener: WayListener) {
    if (passport === undefined) {
      this.open(address, '', listener);
      return;
    }
    void passport().then((secret) => {
      if (this.closed) return;
      if (secret === undefined) listener.onEnd({ code: kNotLetIn, reason: '', opened: false });
      else this.open(address, secret, listener);
    });
  }

  private open(address: string, secret: string, listener: WayListener): void {
    const socket = new WebSocket(address, protocolsWith(secret));
    socket.binaryType = 'arraybuffer';
    let opened = false;
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') listener.onText(data);
      else if (data instanceof ArrayBuffer) listener.onSound(data);
    };
    socket.onclose = ({ code, reason }) => listener.onEnd({ code, reason, opened });
    this.socket = socket;
  }

  get unsent(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Where the server takes sound as bytes. */
  sendSound(samples: Int16Array<ArrayBuffer>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytesOf(samples));
  }

  close(): void {
    this.closed = true;
    if (this.socket === undefined) return;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close(1000);
  }
}
