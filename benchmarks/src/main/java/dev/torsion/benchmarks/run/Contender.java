// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One way to write the server. */
enum Contender {
  CALLBACK("callback", "callback"),
  SUSPEND("suspend", "suspend"),
  JAVA("java", "java"),
  NETTY_NIO("netty-nio", "netty-nio"),
  NETTY_NIO_IDIOMATIC("netty-nio", "netty-nio-idiomatic"),
  NETTY_EPOLL("netty-epoll", "netty-epoll"),
  NETTY_EPOLL_IDIOMATIC("netty-epoll", "netty-epoll-idiomatic"),
  NETTY_URING("netty-uring", "netty-uring"),
  NETTY_URING_IDIOMATIC("netty-uring", "netty-uring-idiomatic"),
  NETTY_TCNATIVE("netty-tcnative", "netty-tcnative"),
  NETTY_CONSCRYPT("netty-conscrypt", "netty-conscrypt"),
  CALLBACK_CONSCRYPT("callback-conscrypt", "callback-conscrypt"),
  JETTY("jetty", "jetty"),
  JDK("jdk", "jdk"),
  VERTX("vertx", "vertx"),
  KTOR("ktor", "ktor"),
  THREADS("threads", "threads"),
  TWISTED("twisted", "twisted"),
  UVLOOP("uvloop", "uvloop");

  /** Whose variant it is: a voice of ours, or a peer. */
  final String party;

  /** The name of the server. */
  final String server;

  Contender(String party, String server) {
    this.party = party;
    this.server = server;
  }

  boolean isOurs() {
    return this == CALLBACK || this == SUSPEND || this == JAVA;
  }

  boolean isPython() {
    return this == TWISTED || this == UVLOOP;
  }

  /** A second variant of a party, which differs in its framing only. */
  boolean isIdiomatic() {
    return server.endsWith("-idiomatic");
  }

  /** Whether there is a server of it for {@code wire}: of UDP, TLS and HTTP not all have one. */
  boolean speaks(Wire wire) {
    return switch (wire) {
      case DATAGRAM -> speaksDatagrams();
      case TLS -> speaksTls();
      case HTTP -> speaksHttp();
      default -> !isNativeTls() && this != JETTY && this != JDK;
    };
  }

  private boolean speaksHttp() {
    return switch (this) {
      case CALLBACK, SUSPEND, JAVA, NETTY_NIO, NETTY_NIO_IDIOMATIC, NETTY_EPOLL -> true;
      case VERTX, JETTY, JDK, TWISTED -> true;
      default -> false;
    };
  }

  private boolean speaksTls() {
    return switch (this) {
      case CALLBACK, SUSPEND, JAVA, NETTY_NIO, NETTY_EPOLL, VERTX, THREADS -> true;
      default -> isNativeTls();
    };
  }

  /** Whether it differs from another one by an engine of TLS, and by nothing else. */
  private boolean isNativeTls() {
    return this == NETTY_TCNATIVE || this == NETTY_CONSCRYPT || this == CALLBACK_CONSCRYPT;
  }

  private boolean speaksDatagrams() {
    return switch (this) {
      case CALLBACK, SUSPEND, JAVA, NETTY_NIO, NETTY_EPOLL, NETTY_EPOLL_IDIOMATIC, TWISTED -> true;
      default -> false;
    };
  }

  /** The command that starts it, or null when this machine has not what it needs. */
  List<String> command(Wire wire) throws IOException {
    if (isPython()) {
      String python = Machine.pythonWith(party);
      return python == null ? null : List.of(python, script().toString(), party, wire.name());
    }
    String java = java();
    if (java == null) return null;
    var command = new ArrayList<>(Machine.jvm(java));
    command.addAll(List.of("dev.torsion.benchmarks.servers.ServerMain", server, wire.name()));
    return command;
  }

  private String java() throws IOException {
    String ours = Machine.java(System.getProperty("java.home"));
    if (this != THREADS && this != JDK) return ours;
    String withThreads = Machine.javaFrom(21); // virtual ones, without which the JDK's server does
    return withThreads == null && this == JDK ? ours : withThreads;
  }

  /** The programs that it needs and that this machine may not have. */
  String need() {
    return switch (this) {
      case THREADS -> "a JDK from 21 on";
      case TWISTED -> "Python with Twisted (Debian: python3-twisted)";
      case UVLOOP -> "Python with uvloop (Debian: python3-uvloop)";
      case NETTY_TCNATIVE, NETTY_CONSCRYPT, CALLBACK_CONSCRYPT ->
          "a system that BoringSSL was compiled for";
      case NETTY_EPOLL, NETTY_EPOLL_IDIOMATIC, NETTY_URING, NETTY_URING_IDIOMATIC ->
          "Linux on x86-64 whose kernel lets it";
      default -> "nothing";
    };
  }

  private static Path script() throws IOException {
    Path copy = Files.createTempFile("torsion", ".py");
    copy.toFile().deleteOnExit();
    try (InputStream script =
        Contender.class.getResourceAsStream("/dev/torsion/benchmarks/servers/twisted_server.py")) {
      Files.write(copy, script.readAllBytes());
    }
    return copy;
  }
}
