// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.torsion.benchmarks.BenchTls;
import dev.torsion.benchmarks.HttpAnswer;
import dev.torsion.benchmarks.Wire;
import dev.torsion.benchmarks.Work;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.conscrypt.Conscrypt;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every server gives the right answers: a fast one that does not do the work would be no wonder.
 */
class ServersTest {
  private static final List<String> NAMES =
      List.of(
          "callback",
          "suspend",
          "java",
          "group-1",
          "group-2",
          "netty-nio",
          "netty-nio-idiomatic",
          "netty-epoll",
          "netty-epoll-idiomatic",
          "netty-uring",
          "netty-uring-idiomatic",
          "vertx",
          "ktor",
          "threads");

  private static final List<String> HTTP_NAMES =
      List.of(
          "callback",
          "suspend",
          "java",
          "netty-nio",
          "netty-nio-idiomatic",
          "netty-epoll",
          "vertx",
          "jetty",
          "jdk");

  static Stream<Arguments> all() {
    return NAMES.stream()
        .flatMap(
            name ->
                Stream.of(Work.PIPELINED, Work.BULK, Work.LINE, Work.INT32, Work.JSON)
                    .map(work -> Arguments.of(name, work)));
  }

  @ParameterizedTest
  @MethodSource("all")
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void answers(String name, Work work) throws Exception {
    assumeTrue(isPossible(name), name + " cannot run on this machine");
    int port = Servers.byName(name).start(work.wire);
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      byte[] batch = work.batch();
      for (int i = 0; i < 3; i++) exchange(socket, batch, batch.length);
      // Cut inside its messages, so that each read ends somewhere else.
      exchange(socket, batch, 7 * work.message().length / 4);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "callback",
        "suspend",
        "java",
        "netty-nio",
        "netty-epoll",
        "netty-epoll-idiomatic"
      })
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void answersDatagrams(String name) throws Exception {
    assumeTrue(isPossible(name), name + " cannot run on this machine");
    int port = Servers.byName(name).start(Work.UDP50.wire);
    try (var socket = new DatagramSocket()) {
      socket.setSoTimeout(20_000);
      byte[] message = Work.UDP50.message();
      for (int i = 0; i < 10; i++) {
        socket.send(
            new DatagramPacket(message, message.length, InetAddress.getLoopbackAddress(), port));
        var answer = new DatagramPacket(new byte[2000], 2000);
        socket.receive(answer);
        assertArrayEquals(message, Arrays.copyOf(answer.getData(), answer.getLength()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "callback",
        "suspend",
        "java",
        "netty-nio",
        "netty-epoll",
        "netty-tcnative",
        "netty-conscrypt",
        "callback-conscrypt",
        "vertx",
        "threads"
      })
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void answersInsideOfTls(String name) throws Exception {
    assumeTrue(isPossible(name), name + " cannot run on this machine");
    int port = Servers.byName(name).start(Work.TLSBULK.wire);
    var trust = new TrustManager[] {InsecureTrustManagerFactory.INSTANCE.getTrustManagers()[0]};
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust, null);
    var address = InetAddress.getLoopbackAddress();
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket(address, port)) {
      socket.setEnabledCipherSuites(new String[] {"TLS_AES_128_GCM_SHA256"});
      for (Work work : List.of(Work.TLSPP50, Work.TLSBULK)) {
        byte[] batch = work.batch();
        for (int i = 0; i < 3; i++) exchange(socket, batch, batch.length);
      }
      assertEquals(BenchTls.CIPHER, socket.getSession().getCipherSuite());
      assertEquals(
          BenchTls.identity().getCertificate(), socket.getSession().getPeerCertificates()[0]);
    }
  }

  static Stream<Arguments> allOfHttp() {
    return HTTP_NAMES.stream()
        .flatMap(
            name ->
                Arrays.stream(Work.values())
                    .filter(work -> work.wire == Wire.HTTP && work != Work.HTTP1000)
                    .map(work -> Arguments.of(name, work)));
  }

  @ParameterizedTest
  @MethodSource("allOfHttp")
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void answersRequestsOfHttp(String name, Work work) throws Exception {
    assumeTrue(isPossible(name), name + " cannot run on this machine");
    int port = HttpServers.byName(name).start(Wire.HTTP);
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      byte[] batch = work.batch();
      byte[] first = null;
      for (int i = 0; i < 3; i++) {
        int piece = i == 2 ? batch.length / 3 + 1 : batch.length;
        send(socket, batch, piece);
        for (int j = 0; j < work.depth; j++) {
          var answer = HttpAnswer.read(socket.getInputStream()).check(work.page()).withoutTime();
          if (first == null) first = answer;
          // The load counts bytes: so each answer has as many as the first one.
          assertArrayEquals(first, answer);
        }
      }
    }
  }

  private static void exchange(Socket socket, byte[] batch, int piece) throws IOException {
    send(socket, batch, piece);
    assertArrayEquals(batch, socket.getInputStream().readNBytes(batch.length));
  }

  private static void send(Socket socket, byte[] batch, int piece) throws IOException {
    for (int from = 0; from < batch.length; from += piece) {
      socket.getOutputStream().write(batch, from, Math.min(piece, batch.length - from));
      socket.getOutputStream().flush();
    }
  }

  private static boolean isPossible(String name) {
    if (name.startsWith("netty-epoll")) return Epoll.isAvailable();
    if (name.startsWith("netty-uring")) return IoUring.isAvailable();
    if (name.equals("netty-tcnative")) return OpenSsl.isAvailable();
    if (name.endsWith("-conscrypt")) return Conscrypt.isAvailable();
    return !name.equals("threads") || Runtime.version().feature() >= 21;
  }
}
