// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.Wire;
import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/** The clients of one server and one work. They are silent between two calls. */
final class Session implements AutoCloseable {
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** The results of a run. */
  record Result(long messages, long nanos) {}

  private final Selector selector = Selector.open();
  private final ByteBuffer input = ByteBuffer.allocateDirect(256 * 1024);
  private final List<Client> clients = new ArrayList<>();
  private final Work work;
  private final int port;
  private final ByteBuffer batch;
  private final Answers answers;
  private final Consumer<SelectionKey> onReady = this::ready;
  private Client.Listener mode = client -> {};
  private IOException failure;
  private int busy;
  private int nextAddress;
  private final TlsEngines engines;
  private long unresumed;

  Session(Work work, int port) throws IOException {
    this.work = work;
    this.port = port;
    byte[] bytes = work.batch();
    batch = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    answers = work.wire == Wire.HTTP ? Answers.ofHttp(address(1), work) : Answers.equalTo(batch);
    engines = work.wire == Wire.TLS ? new TlsEngines(port, work == Work.RESUMED) : null;
    if (work.isChurning()) return;
    for (int i = 0; i < work.connections; i++) clients.add(open());
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!clients.stream().allMatch(Client::isConnected)) turn(deadline);
  }

  private Client open() throws IOException {
    return work.wire == Wire.DATAGRAM
        ? Client.ofDatagrams(selector, address(1), batch, client -> mode.answered(client))
        : new Client(
            selector, address(1), engines, batch, answers, client -> mode.answered(client));
  }

  private InetSocketAddress address(int last) throws IOException {
    return new InetSocketAddress(
        InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last}), port);
  }

  /** Asks again whenever an answer has come, for {@code nanos}; then waits for the last answers. */
  Result run(long nanos) throws IOException {
    long start = System.nanoTime();
    long end = start + nanos;
    long[] batches = {0};
    if (work.isChurning()) {
      mode =
          client -> {
            batches[0]++;
            if (engines != null && !client.isResumed()) unresumed++;
            client.close();
            if (System.nanoTime() < end) ask();
            else busy--;
          };
      for (int i = 0; i < work.connections; i++) ask();
      busy = work.connections;
    } else {
      mode =
          client -> {
            batches[0]++;
            if (System.nanoTime() < end) client.send();
            else busy--;
          };
      busy = clients.size();
      for (Client client : clients) {
        client.compareNext();
        client.send();
      }
    }
    unresumed = 0;
    while (busy > 0) turn(end + DEADLINE_NANOS);
    checkHandshakes(batches[0]);
    return new Result(batches[0] * work.depth, System.nanoTime() - start);
  }

  /** The first ones of a session have nothing to resume. */
  private void checkHandshakes(long count) throws IOException {
    long resumed = count - unresumed;
    boolean isRight =
        work == Work.RESUMED
            ? unresumed <= work.connections + count / 20
            : work != Work.HANDSHAKES || resumed == 0;
    if (!isRight) throw new IOException(resumed + " of " + count + " handshakes were resumed");
  }

  /** One connection for one question. Several addresses, since each has only so many ports. */
  private void ask() throws IOException {
    nextAddress = nextAddress % 16 + 1;
    Client.asking(
        selector, address(nextAddress), engines, batch, answers, client -> mode.answered(client));
  }

  /**
   * Asks at a fixed rate, whether or not answers come, and records how long each took from the
   * moment when it was due: a server that stalls pays for all that it has kept waiting.
   */
  Result runAtRate(long nanos, long perSecond, Histogram latencies) throws IOException {
    long start = System.nanoTime();
    long end = start + nanos;
    long interval = TimeUnit.SECONDS.toNanos(1) * work.depth / perSecond;
    long[] state = {start, 0}; // when the next batch is due, and how many are answered
    List<Client> free = new ArrayList<>(clients);
    mode =
        client -> {
          state[1]++;
          busy--;
          latencies.recordValue(System.nanoTime() - client.dueAt);
          free.add(client);
        };
    busy = 0;
    while (System.nanoTime() < end || busy > 0) {
      long now = System.nanoTime();
      while (state[0] <= now && state[0] < end && !free.isEmpty()) {
        Client client = free.remove(free.size() - 1);
        client.dueAt = state[0];
        state[0] += interval;
        busy++;
        client.send();
      }
      selector.selectNow(onReady);
      if (failure != null) throw failure;
      if (now > end + DEADLINE_NANOS) throw new IOException("answers are missing");
    }
    return new Result(state[1] * work.depth, System.nanoTime() - start);
  }

  private void turn(long deadline) throws IOException {
    selector.select(onReady, 100);
    if (failure != null) throw failure;
    if (System.nanoTime() > deadline) throw new IOException(busy + " answers are missing");
  }

  private void ready(SelectionKey key) {
    try {
      ((Client) key.attachment()).ready(input);
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public void close() throws IOException {
    for (Client client : clients) client.close();
    selector.close();
  }
}
