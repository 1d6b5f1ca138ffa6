// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.servers.NettyServer.Framing;
import dev.torsion.benchmarks.servers.NettyServer.Native;

/** The servers of HTTP by their names. */
final class HttpServers {
  private HttpServers() {}

  static BenchServer byName(String name) {
    return switch (name) {
      case "callback" -> new TorsionHttpResources();
      case "suspend" -> new TorsionHttpSuspend();
      case "java" -> new TorsionHttpJava();
      case "netty-nio" -> new NettyHttpServer(Native.NIO, Framing.TUNED);
      case "netty-nio-idiomatic" -> new NettyHttpServer(Native.NIO, Framing.IDIOMATIC);
      case "netty-epoll" -> new NettyHttpServer(Native.EPOLL, Framing.TUNED);
      case "vertx" -> new VertxHttpServer();
      case "jetty" -> new JettyServer();
      case "jdk" -> new JdkServer();
      default -> throw new IllegalArgumentException("there is no server of HTTP called " + name);
    };
  }
}
