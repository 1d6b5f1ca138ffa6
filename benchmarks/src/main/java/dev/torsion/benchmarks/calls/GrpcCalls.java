// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/** Calls by gRPC's own client, since its bytes are not the same twice. */
final class GrpcCalls implements Calls {
  private final ManagedChannel channel;
  private final int inFlight;
  private volatile Throwable error;

  GrpcCalls(int port, int inFlight) {
    this.inFlight = inFlight;
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().directExecutor().build();
  }

  @Override
  public void batch() throws IOException, InterruptedException {
    var answered = new CountDownLatch(inFlight);
    var observer = new Answers(answered);
    for (int i = 0; i < inFlight; i++) {
      ClientCalls.asyncUnaryCall(
          channel.newCall(GrpcSum.METHOD, CallOptions.DEFAULT), new long[] {13, 81}, observer);
    }
    answered.await();
    if (error != null) throw new IOException(error);
  }

  private final class Answers implements StreamObserver<long[]> {
    private final CountDownLatch missing;

    Answers(CountDownLatch missing) {
      this.missing = missing;
    }

    @Override
    public void onNext(long[] answer) {
      if (answer[0] != 94) error = new IOException("wrong: " + answer[0]);
    }

    @Override
    public void onError(Throwable failure) {
      error = failure;
      missing.countDown();
    }

    @Override
    public void onCompleted() {
      missing.countDown();
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
