// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** An answer of HTTP as it came. */
public final class HttpAnswer {
  private static final String END = "\r\n\r\n";

  private final String head; // its first line and its fields, with the empty line
  private final byte[] body;

  private HttpAnswer(String head, byte[] body) {
    this.head = head;
    this.body = body;
  }

  /** Reads one answer, whose head must tell its length. */
  public static HttpAnswer read(InputStream in) throws IOException {
    var head = new ByteArrayOutputStream();
    String text = "";
    while (!text.endsWith(END)) {
      int next = in.read();
      if (next < 0) throw new EOFException("the server has closed after: " + text);
      head.write(next);
      text = head.toString(StandardCharsets.ISO_8859_1);
    }
    int length = Integer.parseInt(field(text, "content-length").trim());
    return new HttpAnswer(text, in.readNBytes(length));
  }

  private static String field(String head, String name) throws IOException {
    int from = valueOf(head, name);
    return head.substring(from, head.indexOf("\r\n", from));
  }

  /** Where the value of a field begins. */
  private static int valueOf(String head, String name) throws IOException {
    int begin = head.toLowerCase(Locale.ROOT).indexOf("\r\n" + name + ":");
    if (begin < 0) throw new IOException("there is no " + name + " in: " + head);
    return begin + name.length() + 3;
  }

  /** Throws unless it is a good answer with what {@code page} wants. */
  public HttpAnswer check(HttpPages page) throws IOException {
    if (!head.startsWith("HTTP/1.1 200 ")) throw new IOException("the server has answered " + head);
    if (!Arrays.equals(page.answer(), body)) throw new IOException("the body is wrong: " + head);
    return this;
  }

  /** Its bytes, with zeros in place of its time, which is another one in each answer. */
  public byte[] withoutTime() throws IOException {
    int length = field(head, "date").length();
    int from = valueOf(head, "date"); // another field, as Last-Modified, may have the same time
    String hidden = head.substring(0, from) + "\0".repeat(length) + head.substring(from + length);
    byte[] first = hidden.getBytes(StandardCharsets.ISO_8859_1);
    byte[] whole = Arrays.copyOf(first, first.length + body.length);
    System.arraycopy(body, 0, whole, first.length, body.length);
    return whole;
  }
}
