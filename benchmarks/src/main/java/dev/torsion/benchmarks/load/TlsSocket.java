// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.BenchTls;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;

/** A client's socket with TLS, which does not block. Its buffers are used again by the next one. */
final class TlsSocket implements ByteChannel {
  private static final int BUFFER = 128 * 1024;
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

  /** Where a handshake has its bytes of data, of which there are none: BoringSSL wants the room. */
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(BUFFER);

  /** A handshake with a certificate takes more bytes from the server. */
  private static final int MOST_OF_RESUMED = 450;

  private static final ArrayDeque<ByteBuffer> SPARE = new ArrayDeque<>(); // the load has one thread

  private final SocketChannel socket;
  private final SSLEngine engine;
  private final ByteBuffer input = take(); // records, in the state of being filled
  private final ByteBuffer output = take(); // records, in the state of being sent
  private boolean isDone;
  private int handshakeBytes;

  TlsSocket(SocketChannel socket, SSLEngine engine) throws IOException {
    this.socket = socket;
    this.engine = engine;
    output.flip();
    engine.beginHandshake();
  }

  private static ByteBuffer take() {
    var spare = SPARE.poll();
    return spare == null ? ByteBuffer.allocateDirect(BUFFER) : spare.clear();
  }

  /** Goes on with the handshake; true when it is done. */
  boolean handshake() throws IOException {
    while (!isDone) {
      switch (engine.getHandshakeStatus()) {
        case NEED_WRAP -> wrap(EMPTY);
        case NEED_TASK -> {
          for (var task = engine.getDelegatedTask(); task != null; ) {
            task.run();
            task = engine.getDelegatedTask();
          }
        }
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          var result = unwrap(NOTHING);
          // BoringSSL says OK when it has read nothing, and still wants to.
          if (result.bytesConsumed() > 0 || !isReading(result.getHandshakeStatus())) continue;
          int count = receive();
          handshakeBytes += count;
          if (count == 0) return false;
        }
        default -> done();
      }
    }
    return true;
  }

  private static boolean isReading(HandshakeStatus status) {
    return status == HandshakeStatus.NEED_UNWRAP || status == HandshakeStatus.NEED_UNWRAP_AGAIN;
  }

  private void done() throws IOException {
    var session = engine.getSession();
    if (!session.getCipherSuite().equals(BenchTls.CIPHER)) {
      throw new IOException("the server has chosen " + session.getCipherSuite());
    }
    isDone = true;
  }

  /** Whether the server has shown no certificate. */
  boolean isResumed() {
    return handshakeBytes <= MOST_OF_RESUMED;
  }

  /** Whether records wait to be sent. */
  boolean hasOutput() {
    return output.hasRemaining();
  }

  @Override
  public int read(ByteBuffer plain) throws IOException {
    int before = plain.position();
    int count = receive();
    while (input.position() > 0) {
      var result = unwrap(plain);
      if (result.getStatus() == SSLEngineResult.Status.CLOSED) return -1;
      if (result.bytesConsumed() == 0) break;
      if (result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) wrap(EMPTY);
    }
    return count < 0 ? -1 : plain.position() - before;
  }

  private int receive() throws IOException {
    int count = socket.read(input);
    if (count < 0 && !isDone) throw new IOException("the server ended a handshake");
    return count;
  }

  private SSLEngineResult unwrap(ByteBuffer plain) throws IOException {
    input.flip();
    try {
      return engine.unwrap(input, plain);
    } finally {
      input.compact();
    }
  }

  @Override
  public int write(ByteBuffer plain) throws IOException {
    int before = plain.position();
    do {
      if (hasOutput() && socket.write(output) == 0) break;
      if (plain.hasRemaining() && !hasOutput()) wrap(plain);
    } while (plain.hasRemaining());
    return plain.position() - before;
  }

  private void wrap(ByteBuffer plain) throws IOException {
    output.compact();
    try {
      do {
        engine.wrap(plain, output);
      } while (plain.hasRemaining()
          && output.remaining() >= engine.getSession().getPacketBufferSize());
    } finally {
      output.flip();
    }
    socket.write(output);
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  /** Says goodbye, so that the server sees an end in order. */
  @Override
  public void close() throws IOException {
    try {
      engine.closeOutbound();
      wrap(EMPTY);
    } finally {
      socket.close();
      ReferenceCountUtil.release(engine);
      SPARE.add(input);
      SPARE.add(output);
    }
  }
}
