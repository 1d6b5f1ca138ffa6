// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.torsion.framing.Codec;
import dev.torsion.java.Codecs;
import org.junit.jupiter.api.Test;

/** The Java code of docs/guide/codecs.md. */
class JsonGuideTest {
  record Invoice(String company, int count) {}

  @Test
  void anyMapperIsTwoFunctions() {
    var mapper = new JsonMapper();
    Codec<Invoice> invoices =
        Codecs.json(mapper::writeValueAsBytes, b -> mapper.readValue(b, Invoice.class));
    var frame = new String(invoices.encode(new Invoice("edu", 2)), UTF_8);
    assertEquals("{\"company\":\"edu\",\"count\":2}\r\n", frame);
  }
}
