// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.servers.NettyServer.Framing;
import dev.torsion.benchmarks.servers.NettyServer.Native;
import io.netty.handler.ssl.SslProvider;
import org.conscrypt.Conscrypt;

/** The servers by their names. */
final class Servers {
  private Servers() {}

  static BenchServer byName(String name) {
    return switch (name) {
      case "callback" -> new TorsionCallbackServer();
      case "suspend" -> new TorsionSuspendServer();
      case "java" -> new TorsionJavaServer();
      case "group-1" -> new TorsionGroupServer(1);
      case "group-2" -> new TorsionGroupServer(2);
      case "netty-nio" -> new NettyServer(Native.NIO, Framing.TUNED);
      case "netty-nio-idiomatic" -> new NettyServer(Native.NIO, Framing.IDIOMATIC);
      case "netty-epoll" -> new NettyServer(Native.EPOLL, Framing.TUNED);
      case "netty-epoll-idiomatic" -> new NettyServer(Native.EPOLL, Framing.IDIOMATIC);
      case "netty-uring" -> new NettyServer(Native.IO_URING, Framing.TUNED);
      case "netty-uring-idiomatic" -> new NettyServer(Native.IO_URING, Framing.IDIOMATIC);
      case "netty-tcnative" ->
          new NettyServer(Native.NIO, Framing.TUNED, SslProvider.OPENSSL_REFCNT);
      case "netty-conscrypt" ->
          new NettyServer(Native.NIO, Framing.TUNED, SslProvider.JDK, Conscrypt.newProvider());
      case "callback-conscrypt" -> TorsionCallbackServer.withConscrypt();
      case "vertx" -> new VertxServer();
      case "ktor" -> new KtorServer();
      case "threads" -> new ThreadsServer();
      default -> throw new IllegalArgumentException("there is no server " + name);
    };
  }
}
