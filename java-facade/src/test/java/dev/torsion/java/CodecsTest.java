// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.EncodeException;
import dev.torsion.framing.HeaderAndBody;
import dev.torsion.framing.MalformedContentException;
import dev.torsion.framing.StringTooLongException;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructException;
import dev.torsion.framing.StructValues;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The codecs by their bytes, and each of them over a connection that splits the bytes. */
@SuppressWarnings("FutureReturnValueIgnored")
class CodecsTest extends InMemory {
  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  @Test
  void framesHaveTheirBytes() {
    assertEquals("68690d0a", hex(Codecs.line().encode("hi")));
    assertEquals("68690a", hex(Codecs.line("\n").encode("hi")));
    assertEquals("e97c", hex(Codecs.line("|", 10, ISO_8859_1).encode("é")));
    assertEquals("026869", hex(Codecs.int8().encode(bytes("hi"))));
    assertEquals("00026869", hex(Codecs.int16().encode(bytes("hi"))));
    assertEquals("02006869", hex(Codecs.int16(10, ByteOrder.LITTLE_ENDIAN).encode(bytes("hi"))));
    assertEquals("000000026869", hex(Codecs.int32().encode(bytes("hi"))));
    assertEquals(
        "020000006869", hex(Codecs.int32(10, ByteOrder.LITTLE_ENDIAN).encode(bytes("hi"))));
    assertEquals("2:hi,", new String(Codecs.netstring().encode(bytes("hi")), UTF_8));
    assertEquals("6869", hex(Codecs.fixed(2).encode(bytes("hi"))));
    assertEquals("6869", hex(Codecs.raw().encode(bytes("hi"))));
    assertEquals("01000002", hex(Codecs.struct("<HBB").encode(StructValues.of(1, 0, 2))));
    assertEquals(
        "010000000200000065000000" + "6869",
        hex(
            Codecs.header(new Struct("<iii"), 1, Content.text())
                .encode(new HeaderAndBody<>(StructValues.of(1, 0, 101), "hi"))));
  }

  @Test
  void limitsAreTyped() {
    assertEquals(
        3,
        assertThrows(StringTooLongException.class, () -> Codecs.line("\n", 3).encode("long"))
            .getLimit());
    assertThrows(StringTooLongException.class, () -> Codecs.int8().encode(new byte[256]));
    assertThrows(StringTooLongException.class, () -> Codecs.int32(3).encode(new byte[4]));
    assertThrows(StringTooLongException.class, () -> Codecs.netstring(3).encode(new byte[4]));
    assertThrows(EncodeException.class, () -> Codecs.fixed(3).encode(new byte[4]));
    assertThrows(
        StringTooLongException.class,
        () ->
            Codecs.header(new Struct("!i"), 0, Content.bytes(), 3)
                .encode(new HeaderAndBody<>(StructValues.of(0), new byte[4])));
    assertThrows(StructException.class, () -> Codecs.struct("no"));
  }

  /** The echo of each message when every byte comes alone. */
  private <T> List<T> echoed(Codec<T> codec, List<T> messages) {
    reactor.network().setChunking(dev.torsion.testkit.Chunking.byteByByte());
    var pair = connected(codec);
    pair.server().onMessage(pair.server()::send);
    var answers = messages.stream().map(pair.client()::request).toList();
    var result = answers.stream().map(this::now).toList();
    pair.client().close();
    reactor.flush();
    return result;
  }

  @Test
  void messagesSurviveBeingCutUp() {
    var words = List.of("one", "", "drei für vier", "x".repeat(200));
    assertEquals(words, echoed(Codecs.line(), words));
    assertEquals(words, echoed(Codecs.int8().text(), words));
    assertEquals(words, echoed(Codecs.int16().text(), words));
    assertEquals(words, echoed(Codecs.int32().text(), words));
    assertEquals(words, echoed(Codecs.netstring().text(), words));
    assertArrayEquals(
        new byte[] {1, 2, 3}, echoed(Codecs.fixed(3), List.of(new byte[] {1, 2, 3})).get(0));
    var values = List.of(StructValues.of(1, 2L), StructValues.of(-1, -2L));
    assertEquals(values, echoed(Codecs.struct("!iq"), values));
    var headed = new HeaderAndBody<>(StructValues.of(1, 0, 7), "body");
    var back = echoed(Codecs.header(new Struct("<iii"), 1, Content.text()), List.of(headed)).get(0);
    assertEquals("body", back.getBody());
    assertEquals(4, back.getHeader().getInt(1));
  }

  /** A mapper of the kind that libraries have: two functions that may throw what they like. */
  record Point(int x, int y) {
    static byte[] write(Point point) {
      return bytes("[" + point.x + "," + point.y + "]");
    }

    static Point read(byte[] json) throws java.text.ParseException {
      var numbers = new String(json, UTF_8).replaceAll("[\\[\\]]", "").split(",", -1);
      if (numbers.length != 2) throw new java.text.ParseException("no point", 0);
      return new Point(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
    }
  }

  @Test
  void anyMapperIsTwoFunctions() {
    var points = List.of(new Point(1, 2), new Point(-3, 4));
    assertEquals(points, echoed(Codecs.json(Point::write, Point::read), points));
    assertEquals(points, echoed(Codecs.json(Codecs.int32(), Point::write, Point::read), points));
    assertEquals(
        "[1,2]\r\n",
        new String(Codecs.json(Point::write, Point::read).encode(points.get(0)), UTF_8));
  }

  @Test
  void whatAMapperDoesNotUnderstandIsTheSendersFault() {
    var server = now(torsion.serve("tcp:0", Codecs.line(), c -> c.send("[1,2,3]")));
    var client =
        now(
            torsion.connect(
                "tcp:127.0.0.1:" + server.port(), Codecs.json(Point::write, Point::read)));
    var error = failsNow(MalformedContentException.class, client.receive());
    assertEquals(
        java.text.ParseException.class,
        java.util.Objects.requireNonNull(error.getCause()).getClass());
    now(server.stop());
  }
}
