// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.HeaderAndBody;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructValues;
import dev.torsion.java.Codecs;

/**
 * The private protocol: a header of version, length of the body, and command, as three
 * little-endian ints; then JSON.
 */
public final class PrivateMessages {
  /**
   * Writes {@code \\u} for all that is not ASCII, as Python does: the answer has 51 bytes, not 28.
   */
  static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
          .build();

  /** The length of the body is put right in the header, whatever was there. */
  static final Codec<HeaderAndBody<JsonNode>> CODEC =
      Codecs.header(new Struct("<iii"), 1, Content.of(MAPPER::writeValueAsBytes, MAPPER::readTree));

  private PrivateMessages() {}

  /** A message of version 1. */
  static HeaderAndBody<JsonNode> message(int command, Object body) {
    return new HeaderAndBody<>(StructValues.of(1, 0, command), MAPPER.valueToTree(body));
  }

  /** A message as the documents print it. */
  static String describe(HeaderAndBody<JsonNode> message) {
    return "header " + message.getHeader() + ", body " + message.getBody();
  }
}
