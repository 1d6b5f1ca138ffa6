// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One connection of a {@link Session}: sends a batch, reads as many bytes as answers. */
final class Client {
  /** What a client's session wants to know. */
  interface Listener {
    /** All answers of a batch have come. */
    void answered(Client client) throws IOException;
  }

  private final SocketChannel channel;
  private final SelectionKey key;
  private final ByteBuffer toSend;
  private final ByteBuffer expected;
  private final Listener listener;
  private int missing;
  private boolean isCompared = true;

  /** When the batch under way was due, for latencies. */
  long dueAt;

  Client(Selector selector, InetSocketAddress server, ByteBuffer batch, Listener listener)
      throws IOException {
    toSend = batch.duplicate();
    expected = batch.duplicate();
    this.listener = listener;
    channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    boolean isConnected = channel.connect(server);
    key = channel.register(selector, isConnected ? 0 : SelectionKey.OP_CONNECT, this);
    if (isConnected) connected();
  }

  /** Opens the next connection of {@link Work#CHURN} and asks at once. */
  static Client asking(
      Selector selector, InetSocketAddress server, ByteBuffer batch, Listener listener)
      throws IOException {
    var client = new Client(selector, server, batch, listener);
    client.send();
    return client;
  }

  boolean isConnected() {
    return channel.isConnected();
  }

  boolean isBusy() {
    return missing > 0;
  }

  /** Compares the next answers byte by byte. */
  void compareNext() {
    isCompared = true;
  }

  void send() throws IOException {
    toSend.clear();
    missing = toSend.remaining();
    if (channel.isConnected()) write();
  }

  private void connected() {
    key.interestOps(SelectionKey.OP_READ);
  }

  private void write() throws IOException {
    channel.write(toSend);
    int wanted = SelectionKey.OP_READ | (toSend.hasRemaining() ? SelectionKey.OP_WRITE : 0);
    if (key.interestOps() != wanted) key.interestOps(wanted);
  }

  /** Does what the channel is ready for. */
  void ready(ByteBuffer buffer) throws IOException {
    if (key.isConnectable()) {
      channel.finishConnect();
      connected();
      if (missing > 0) write();
      return;
    }
    if (key.isWritable()) write();
    if (key.isReadable()) read(buffer);
  }

  private void read(ByteBuffer buffer) throws IOException {
    buffer.clear();
    int count = channel.read(buffer);
    if (count < 0) throw new IOException("the server has closed a connection");
    if (count > missing) throw new IOException("the server sent more than was asked for");
    if (isCompared) compare(buffer.flip());
    missing -= count;
    if (missing > 0) return;
    isCompared = false;
    listener.answered(this);
  }

  private void compare(ByteBuffer answer) throws IOException {
    int from = expected.capacity() - missing;
    expected.clear().position(from).limit(from + answer.remaining());
    if (!expected.equals(answer)) throw new IOException("the server's answer is wrong");
  }

  void close() throws IOException {
    channel.close();
  }
}
