// A call over a WebSocket: events as text, sound as binary messages or in events.

import { bytesOf } from './pcm.ts';
import type { Way, WayListener } from './ways.ts';

export class WebSocketWay implements Way {
  readonly kind = 'websocket';
  private readonly socket: WebSocket;

  /** Throws for an address that is none. */
  constructor(address: string, listener: WayListener) {
    const socket = new WebSocket(address, ['realtime']);
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
    return this.socket.bufferedAmount;
  }

  send(message: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Where the server takes sound as bytes. */
  sendSound(samples: Int16Array<ArrayBuffer>): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytesOf(samples));
  }

  close(): void {
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close(1000);
  }
}
