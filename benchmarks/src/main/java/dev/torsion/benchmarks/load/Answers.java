// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.HttpAnswer;
import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** The bytes that a server must answer to one batch. */
final class Answers {
  private static final int DEADLINE = (int) TimeUnit.SECONDS.toMillis(10);

  private final ByteBuffer bytes;
  private final boolean hasTimes; // a byte that is zero may be any

  private Answers(ByteBuffer bytes, boolean hasTimes) {
    this.bytes = bytes;
    this.hasTimes = hasTimes;
  }

  /** The same as the questions. */
  static Answers equalTo(ByteBuffer batch) {
    return new Answers(batch.duplicate(), false);
  }

  /** Asks once: the server's answers have fields of its own, but always the same ones. */
  static Answers ofHttp(InetSocketAddress server, Work work) throws IOException {
    try (var socket = new Socket()) {
      socket.setSoTimeout(DEADLINE);
      socket.connect(server, DEADLINE);
      socket.getOutputStream().write(work.message());
      byte[] answer = HttpAnswer.read(socket.getInputStream()).check(work.page()).withoutTime();
      var all = ByteBuffer.allocate(answer.length * work.depth);
      for (int i = 0; i < work.depth; i++) all.put(answer);
      return new Answers(all.flip(), true);
    }
  }

  int length() {
    return bytes.capacity();
  }

  /** Whether {@code read} is what has to be there from {@code from} on. */
  boolean areRight(int from, ByteBuffer read) {
    if (!hasTimes) {
      bytes.clear().position(from).limit(from + read.remaining());
      return bytes.equals(read);
    }
    for (int i = 0; i < read.remaining(); i++) {
      byte wanted = bytes.get(from + i);
      if (wanted != 0 && wanted != read.get(read.position() + i)) return false;
    }
    return true;
  }
}
