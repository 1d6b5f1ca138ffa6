// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.ContentFunction;
import dev.torsion.framing.FixedCodec;
import dev.torsion.framing.HeaderAndBody;
import dev.torsion.framing.HeaderCodec;
import dev.torsion.framing.HeaderFraming;
import dev.torsion.framing.Int16Codec;
import dev.torsion.framing.Int32Codec;
import dev.torsion.framing.Int8Codec;
import dev.torsion.framing.LineCodec;
import dev.torsion.framing.NetstringCodec;
import dev.torsion.framing.RawCodec;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructCodec;
import dev.torsion.framing.StructValues;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/**
 * The codecs. Each tells the messages in a stream of bytes apart, and says what is in them.
 *
 * <pre>{@code
 * Codec<String> lines = Codecs.line();
 * Codec<String> texts = Codecs.int32().text(); // UTF-8 behind a length of four bytes
 * Codec<Order> orders = Codecs.json(mapper::writeValueAsBytes, b -> mapper.readValue(b, Order.class));
 * }</pre>
 *
 * <p>Lengths are in bytes. A message over the limit of its codec fails with a typed error on either
 * side: {@link dev.torsion.framing.StringTooLongException} for the one who sends it, {@link
 * dev.torsion.framing.FrameTooLongException} for the one who receives it. A codec is immutable, and
 * serves any number of connections on any thread.
 */
public final class Codecs {
  private Codecs() {}

  /**
   * Lines of UTF-8 text of at most 16,384 bytes. A line ends at LF or CR LF, and is sent with CR
   * LF, so that it understands {@code nc} as well as {@code telnet}.
   */
  public static Codec<String> line() {
    return new LineCodec();
  }

  /** Lines of UTF-8 text of at most 16,384 bytes, which only {@code delimiter} ends. */
  public static Codec<String> line(String delimiter) {
    given(delimiter, "delimiter");
    return new LineCodec(delimiter);
  }

  /** Lines of UTF-8 text of at most {@code maxLength} bytes, which only {@code delimiter} ends. */
  public static Codec<String> line(String delimiter, int maxLength) {
    given(delimiter, "delimiter");
    return new LineCodec(delimiter, maxLength);
  }

  /**
   * Lines of text in {@code charset} of at most {@code maxLength} bytes, ended by {@code
   * delimiter}.
   */
  public static Codec<String> line(String delimiter, int maxLength, Charset charset) {
    given(delimiter, "delimiter");
    given(charset, "charset");
    return new LineCodec(delimiter, maxLength, charset);
  }

  /** Bytes behind a length of one byte: up to 255 of them. */
  public static Codec<byte[]> int8() {
    return new Int8Codec();
  }

  /** Bytes behind a big-endian length of two bytes: up to 65,535 of them. */
  public static Codec<byte[]> int16() {
    return new Int16Codec();
  }

  /** Bytes behind a length of two bytes in {@code order}: up to {@code maxLength} of them. */
  public static Codec<byte[]> int16(int maxLength, ByteOrder order) {
    given(order, "byte order");
    return new Int16Codec(maxLength, order);
  }

  /** Bytes behind a big-endian length of four bytes: up to 99,999 of them. */
  public static Codec<byte[]> int32() {
    return new Int32Codec();
  }

  /** Bytes behind a big-endian length of four bytes: up to {@code maxLength} of them. */
  public static Codec<byte[]> int32(int maxLength) {
    return new Int32Codec(maxLength);
  }

  /** Bytes behind a length of four bytes in {@code order}: up to {@code maxLength} of them. */
  public static Codec<byte[]> int32(int maxLength, ByteOrder order) {
    given(order, "byte order");
    return new Int32Codec(maxLength, order);
  }

  /** Netstrings, as {@code 5:hello,}, of up to 99,999 bytes. */
  public static Codec<byte[]> netstring() {
    return new NetstringCodec();
  }

  /** Netstrings of up to {@code maxLength} bytes. */
  public static Codec<byte[]> netstring(int maxLength) {
    return new NetstringCodec(maxLength);
  }

  /** Messages of {@code length} bytes each. */
  public static Codec<byte[]> fixed(int length) {
    return new FixedCodec(length);
  }

  /** The bytes as they arrive: no framing at all. */
  public static Codec<byte[]> raw() {
    return new RawCodec();
  }

  /** The values of {@code struct}: messages of its size. */
  public static Codec<StructValues> struct(Struct struct) {
    given(struct, "struct");
    return new StructCodec(struct);
  }

  /**
   * The values of a struct by its format, as of Python's {@code struct} module: {@code
   * Codecs.struct("<iii")}.
   *
   * @throws dev.torsion.framing.StructException when the format is not understood
   */
  public static Codec<StructValues> struct(String format) {
    given(format, "format");
    return new StructCodec(new Struct(format));
  }

  /**
   * A header whose value number {@code lengthField} counts the bytes of the body behind it, which
   * are at most 99,999. The length is put right when a message is sent.
   *
   * <pre>{@code
   * var codec = Codecs.header(new Struct("<iii"), 1, Content.of(mapper::writeValueAsBytes, this::read));
   * connection.send(new HeaderAndBody<>(StructValues.of(1, 0, 101), order));
   * }</pre>
   */
  public static <B> Codec<HeaderAndBody<B>> header(
      Struct header, int lengthField, Content<B> body) {
    given(header, "header");
    given(body, "body");
    return new HeaderCodec<>(header, lengthField, body);
  }

  /** The same with bodies of at most {@code maxBody} bytes. */
  public static <B> Codec<HeaderAndBody<B>> header(
      Struct header, int lengthField, Content<B> body, int maxBody) {
    given(header, "header");
    given(body, "body");
    return new HeaderCodec<>(header, lengthField, body, maxBody);
  }

  /**
   * The same with all that {@link HeaderFraming} has, such as a check of each header, before its
   * body has come: of a magic number, for example.
   */
  public static <B> Codec<HeaderAndBody<B>> header(HeaderFraming framing, Content<B> body) {
    given(framing, "framing");
    given(body, "body");
    return new HeaderCodec<>(framing, body);
  }

  /**
   * JSON, one text on each line, by the mapper of your choice as two functions. A line has at most
   * 16,384 bytes; {@link #json(Codec, ContentFunction, ContentFunction)} takes another framing.
   *
   * <pre>{@code
   * Codecs.json(mapper::writeValueAsBytes, bytes -> mapper.readValue(bytes, Order.class));
   * }</pre>
   *
   * @param encode the JSON of a message, in UTF-8 and without a newline
   * @param decode the message of a JSON; an exception becomes a {@link
   *     dev.torsion.framing.MalformedContentException}
   */
  public static <T> Codec<T> json(
      ContentFunction<? super T, byte[]> encode, ContentFunction<byte[], ? extends T> decode) {
    given(encode, "encode");
    given(decode, "decode");
    return json(line(), encode, decode);
  }

  /**
   * JSON, or any other content that two functions write and read, in the frames of {@code framing}.
   */
  public static <T> Codec<T> json(
      Codec<?> framing,
      ContentFunction<? super T, byte[]> encode,
      ContentFunction<byte[], ? extends T> decode) {
    given(framing, "framing");
    given(encode, "encode");
    given(decode, "decode");
    return framing.with(Content.<T>of(encode, decode));
  }
}
