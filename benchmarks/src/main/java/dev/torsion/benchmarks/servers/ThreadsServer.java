// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.BenchTls;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLServerSocket;

/** Blocking sockets, one virtual thread for each: needs a JDK from 21 on. */
final class ThreadsServer implements BenchServer {
  private static final int BUFFER = 64 * 1024;

  @Override
  public int start(Wire wire) throws Exception {
    // This module is compiled for 17.
    var threads =
        (Executor) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    var listener = wire == Wire.TLS ? secureListener() : new ServerSocket(0, 1024);
    threads.execute(() -> accept(listener, wire, threads));
    return listener.getLocalPort();
  }

  private static ServerSocket secureListener() throws Exception {
    var factory = BenchTls.context().getServerSocketFactory();
    var listener = (SSLServerSocket) factory.createServerSocket(0, 1024);
    listener.setEnabledProtocols(new String[] {BenchTls.VERSION});
    listener.setEnabledCipherSuites(new String[] {BenchTls.CIPHER});
    return listener;
  }

  private static void accept(ServerSocket listener, Wire wire, Executor threads) {
    try {
      while (true) {
        var socket = listener.accept();
        socket.setTcpNoDelay(true);
        threads.execute(() -> handle(socket, wire));
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot accept", e);
    }
  }

  private static void handle(Socket socket, Wire wire) {
    try (socket) {
      var in = socket.getInputStream();
      var out = socket.getOutputStream();
      switch (wire) {
        case RAW, TLS -> in.transferTo(out);
        case LINE ->
            lines(new BufferedInputStream(in, BUFFER), new BufferedOutputStream(out, BUFFER));
        case INT32 -> strings(data(in), data(out));
        case JSON -> orders(data(in), data(out));
        case DATAGRAM, HTTP -> throw new IllegalArgumentException(wire + " has other servers");
      }
    } catch (EOFException | SocketException e) {
      // The client is done.
    } catch (IOException e) {
      throw new IllegalStateException("a connection failed", e);
    }
  }

  private static DataInputStream data(InputStream in) {
    return new DataInputStream(new BufferedInputStream(in, BUFFER));
  }

  private static DataOutputStream data(OutputStream out) {
    return new DataOutputStream(new BufferedOutputStream(out, BUFFER));
  }

  private static void lines(InputStream in, OutputStream out) throws IOException {
    var line = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0; next = in.read()) {
      if (next != '\n') {
        if (next != '\r') line.write(next);
        continue;
      }
      line.writeTo(out);
      out.write('\r');
      out.write('\n');
      line.reset();
      if (in.available() == 0) out.flush();
    }
  }

  private static void strings(DataInputStream in, DataOutputStream out) throws IOException {
    while (true) {
      byte[] string = in.readNBytes(in.readInt());
      out.writeInt(string.length);
      out.write(string);
      if (in.available() == 0) out.flush();
    }
  }

  private static void orders(DataInputStream in, DataOutputStream out) throws IOException {
    while (true) {
      int version = in.readInt();
      byte[] body = in.readNBytes(Integer.reverseBytes(in.readInt()) + 4);
      byte[] json = OrderJson.encode(OrderJson.decode(body, 4, body.length - 4));
      out.writeInt(version);
      out.writeInt(Integer.reverseBytes(json.length));
      out.write(body, 0, 4);
      out.write(json);
      if (in.available() == 0) out.flush();
    }
  }
}
