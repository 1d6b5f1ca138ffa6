// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** The same over gRPC. Its messages are fixed bytes, so that no Protobuf is measured. */
final class GrpcSum {
  static final MethodDescriptor<long[], long[]> METHOD =
      MethodDescriptor.<long[], long[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("bench.Math/Sum")
          .setRequestMarshaller(new Longs())
          .setResponseMarshaller(new Longs())
          .build();

  private GrpcSum() {}

  private static final class Longs implements MethodDescriptor.Marshaller<long[]> {
    @Override
    public InputStream stream(long[] values) {
      var bytes = ByteBuffer.allocate(Long.BYTES * values.length);
      for (long value : values) bytes.putLong(value);
      return new ByteArrayInputStream(bytes.array());
    }

    @Override
    public long[] parse(InputStream stream) {
      try {
        var bytes = ByteBuffer.wrap(stream.readAllBytes());
        var values = new long[bytes.remaining() / Long.BYTES];
        for (int i = 0; i < values.length; i++) values[i] = bytes.getLong();
        return values;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
