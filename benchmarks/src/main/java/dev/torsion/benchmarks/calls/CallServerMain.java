// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import static dev.torsion.benchmarks.calls.Sum.SUM;

import dev.torsion.amp.AMP;
import dev.torsion.amp.Responders;
import dev.torsion.amp.Values;
import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;
import dev.torsion.spread.pb.PBServerFactory;
import dev.torsion.spread.pb.Remote;
import dev.torsion.spread.pb.Root;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A server of calls, with one loop, in a process of its own. It prints its port. */
public final class CallServerMain {
  private CallServerMain() {}

  /** {@code args}: {@code amp}, {@code pb} or {@code grpc}. */
  public static void main(String[] args) throws IOException {
    System.out.println(start(args[0]));
    while (System.in.read() >= 0) {
      // its end is the end
    }
    System.exit(0);
  }

  static int start(String name) throws IOException {
    return switch (name) {
      case "amp" -> listen(amp());
      case "pb" -> listen(new PBServerFactory(new Echo()));
      case "grpc" -> grpc();
      default -> throw new IllegalArgumentException("there is no server " + name);
    };
  }

  private static int listen(Factory factory) {
    return Torsion.start().listen("tcp:0:interface=127.0.0.1", factory).join().port();
  }

  private static Factory amp() {
    var responders =
        Responders.builder()
            .on(SUM, request -> Values.of(SUM.total.of(request.get(SUM.a) + request.get(SUM.b))))
            .build();
    return new Factory(() -> new AMP(responders));
  }

  /** Its method gives back what it gets. */
  static final class Echo implements Root {
    @Remote
    public String echo(String text) {
      return text;
    }
  }

  /** On one loop, without a hand-over to other threads: as near to the others as it goes. */
  @SuppressWarnings("deprecation") // of the Netty in it; its newer API is not there
  private static int grpc() throws IOException {
    var loop = new NioEventLoopGroup(1);
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .bossEventLoopGroup(loop)
        .workerEventLoopGroup(loop)
        .channelType(NioServerSocketChannel.class)
        .directExecutor()
        .addService(
            ServerServiceDefinition.builder("bench.Math")
                .addMethod(
                    GrpcSum.METHOD,
                    ServerCalls.asyncUnaryCall(
                        (request, observer) -> {
                          observer.onNext(new long[] {request[0] + request[1]});
                          observer.onCompleted();
                        }))
                .build())
        .build()
        .start()
        .getPort();
  }
}
