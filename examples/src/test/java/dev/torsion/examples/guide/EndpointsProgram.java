// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;

/** The program of docs/guide/endpoints.md. */
class EndpointsProgram {
  public static void main(String[] args) {
    try (var torsion = Torsion.start()) {
      torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)).join();
      var client = torsion.connect("tcp:example.com:8007:timeout=5", Codecs.line()).join();
      client.request("hello").join();
    }
  }
}
