// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructValues;
import java.util.HexFormat;

/** Python's {@code struct}: values to bytes and back. */
public final class StructPacking {
  private StructPacking() {}

  public static void run(Output out) {
    var hex = HexFormat.of();

    var nativeLayout = new Struct("i3sf");
    byte[] packed = nativeLayout.pack(1, "abcabc".getBytes(UTF_8), 2.7);
    out.println("i3sf, native alignment: " + hex.formatHex(packed));
    StructValues back = nativeLayout.unpack(packed);
    String left = new String(back.getBytes(1), UTF_8);
    out.println(
        "three of the six bytes are left: " + left + "; and 2.7 is now " + back.getDouble(2));

    var first = new Struct("I3sf");
    var second = new Struct("4sI");
    byte[] buffer = new byte[first.getSize() + second.getSize()];
    first.packInto(buffer, 0, 1, "abc".getBytes(UTF_8), 2.7);
    second.packInto(buffer, first.getSize(), "defg".getBytes(UTF_8), 101);
    out.println("two structs in " + buffer.length + " bytes: " + hex.formatHex(buffer));
    StructValues again = second.unpackFrom(buffer, first.getSize());
    out.println(
        "the second again: " + new String(again.getBytes(0), UTF_8) + ", " + again.getInt(1));

    byte[] body = "{\"company\": \"oldboyedu\"}".getBytes(UTF_8);
    var header = new Struct("<iii");
    String bytes = hex.formatHex(header.pack(1, body.length, 101));
    out.println("a header of " + header.getSize() + " bytes: " + bytes);
  }

  public static void main(String[] args) {
    run(Output.CONSOLE);
  }
}
