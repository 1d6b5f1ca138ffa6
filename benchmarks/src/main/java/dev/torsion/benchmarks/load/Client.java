// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One connection of a {@link Session}: sends a batch, reads as many bytes as answers. */
final class Client {
  /** The events that a client's session hears of. */
  interface Listener {
    /** All answers of a batch have come. */
    void answered(Client client) throws IOException;
  }

  private final SocketChannel socket; // null for UDP
  private ByteChannel channel;
  private TlsSocket secure; // null without TLS
  private final SelectionKey key;
  private final ByteBuffer toSend;
  private final Answers answers;
  private final Listener listener;
  private final TlsEngines engines;
  private boolean isConnected;
  private int missing;
  private boolean isCompared = true;

  /** When the batch under way was due, for latencies. */
  long dueAt;

  /**
   * @param engines null without TLS
   */
  Client(
      Selector selector,
      InetSocketAddress server,
      TlsEngines engines,
      ByteBuffer batch,
      Answers answers,
      Listener listener)
      throws IOException {
    toSend = batch.duplicate();
    this.answers = answers;
    this.listener = listener;
    this.engines = engines;
    socket = SocketChannel.open();
    channel = socket;
    socket.configureBlocking(false);
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    boolean isImmediate = socket.connect(server);
    key = socket.register(selector, isImmediate ? 0 : SelectionKey.OP_CONNECT, this);
    if (isImmediate) connected();
  }

  /** By UDP: its batch is one datagram. */
  private Client(DatagramChannel socket, Selector selector, ByteBuffer batch, Listener listener)
      throws IOException {
    toSend = batch.duplicate();
    answers = Answers.equalTo(batch);
    this.listener = listener;
    engines = null;
    this.socket = null;
    channel = socket;
    isConnected = true;
    key = socket.configureBlocking(false).register(selector, SelectionKey.OP_READ, this);
  }

  /** One that asks by UDP. */
  static Client ofDatagrams(
      Selector selector, InetSocketAddress server, ByteBuffer batch, Listener listener)
      throws IOException {
    return new Client(DatagramChannel.open().connect(server), selector, batch, listener);
  }

  /** Opens the next connection of a work such as {@link Work#CHURN} and asks at once. */
  static Client asking(
      Selector selector,
      InetSocketAddress server,
      TlsEngines engines,
      ByteBuffer batch,
      Answers answers,
      Listener listener)
      throws IOException {
    var client = new Client(selector, server, engines, batch, answers, listener);
    client.send();
    return client;
  }

  boolean isConnected() {
    return isConnected;
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
    missing = answers.length();
    if (isConnected) write();
  }

  private void connected() throws IOException {
    key.interestOps(SelectionKey.OP_READ);
    if (engines == null) {
      isConnected = true;
    } else {
      secure = new TlsSocket(socket, engines.engine());
      channel = secure;
      handshake();
    }
  }

  private void handshake() throws IOException {
    isConnected = secure.handshake();
    if (isConnected && missing > 0) write();
  }

  /** Whether its handshake has resumed a session. */
  boolean isResumed() {
    return secure != null && secure.isResumed();
  }

  private void write() throws IOException {
    channel.write(toSend);
    boolean hasMore = toSend.hasRemaining() || (secure != null && secure.hasOutput());
    int wanted = SelectionKey.OP_READ | (hasMore ? SelectionKey.OP_WRITE : 0);
    if (key.interestOps() != wanted) key.interestOps(wanted);
  }

  /** Does what the channel is ready for. */
  void ready(ByteBuffer buffer) throws IOException {
    if (key.isConnectable()) {
      socket.finishConnect();
      connected();
      if (isConnected && engines == null && missing > 0) write();
      return;
    }
    if (!isConnected) {
      handshake();
      return;
    }
    if (key.isWritable()) write();
    if (key.isReadable()) read(buffer);
  }

  private void read(ByteBuffer buffer) throws IOException {
    buffer.clear();
    int count = channel.read(buffer);
    if (count == 0) return; // tickets of TLS, and nothing else
    if (count < 0) throw new IOException("the server has closed a connection");
    if (count > missing) throw new IOException("the server sent more than was asked for");
    if (isCompared) compare(buffer.flip());
    missing -= count;
    if (missing > 0) return;
    isCompared = false;
    listener.answered(this);
  }

  private void compare(ByteBuffer answer) throws IOException {
    if (!answers.areRight(answers.length() - missing, answer))
      throw new IOException("the server's answer is wrong");
  }

  void close() throws IOException {
    channel.close();
  }
}
