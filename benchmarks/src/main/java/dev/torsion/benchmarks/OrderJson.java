// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;

/** The one way in which every JVM server reads and writes an {@link Order}: Jackson's. */
public final class OrderJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final ObjectReader READER = MAPPER.readerFor(Order.class);
  private static final ObjectWriter WRITER = MAPPER.writerFor(Order.class);

  private OrderJson() {}

  /** The order in {@code json}. */
  public static Order decode(byte[] json) throws IOException {
    return READER.readValue(json);
  }

  /** The order in a part of {@code bytes}. */
  public static Order decode(byte[] bytes, int from, int length) throws IOException {
    return READER.readValue(bytes, from, length);
  }

  /** The JSON of {@code order}. */
  public static byte[] encode(Order order) throws IOException {
    return WRITER.writeValueAsBytes(order);
  }
}
