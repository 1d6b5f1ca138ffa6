// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The requests of the works of HTTP, and the bodies of their answers. */
public enum HttpPages {
  /** A short text, asked for by a program. */
  PLAINTEXT("GET", HttpPages.TEXT_PATH, HttpPages.FEW_FIELDS),
  /** The same, asked for by a browser. */
  BROWSER("GET", HttpPages.TEXT_PATH, HttpPages.MANY_FIELDS),
  /** The JSON of an {@link Order}. */
  JSON("GET", HttpPages.JSON_PATH, HttpPages.FEW_FIELDS),
  /** A file of 64 KiB. */
  FILE("GET", HttpPages.FILE_PATH, HttpPages.FEW_FIELDS),
  /** The body of the request. */
  ECHO(
      "POST",
      HttpPages.ECHO_PATH,
      HttpPages.FEW_FIELDS
          + "Content-Type: application/octet-stream\r\nContent-Length: "
          + HttpPages.ECHO_SIZE
          + "\r\n");

  /** The path of the text. */
  public static final String TEXT_PATH = "/plaintext";

  /** The path of the JSON. */
  public static final String JSON_PATH = "/json";

  /** The path of the file, below {@link #folder()}. */
  public static final String FILE_PATH = "/files/block.txt";

  /** The path that answers with the body of the request. */
  public static final String ECHO_PATH = "/echo";

  /** The media type of the text. */
  public static final String TEXT_TYPE = "text/plain; charset=utf-8";

  /** The media type of the JSON. */
  public static final String JSON_TYPE = "application/json";

  /** The media type of the echo. */
  public static final String ECHO_TYPE = "application/octet-stream";

  /** How long a server waits for the next request: longer than the others are measured. */
  public static final int IDLE_SECONDS = 600;

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);
  private static final int ECHO_SIZE = 1024;
  private static final int FILE_SIZE = 64 * 1024;
  private static final String FEW_FIELDS =
      "Host: localhost\r\nUser-Agent: torsion-bench/1\r\nAccept: */*\r\n";
  private static final String MANY_FIELDS =
      "Host: localhost\r\n"
          + "Connection: keep-alive\r\n"
          + "Cache-Control: max-age=0\r\n"
          + "Upgrade-Insecure-Requests: 1\r\n"
          + "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
          + " Chrome/131.0.0.0 Safari/537.36\r\n"
          + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
          + "Sec-Fetch-Site: same-origin\r\n"
          + "Sec-Fetch-Mode: navigate\r\n"
          + "Referer: http://localhost/index.html\r\n"
          + "Accept-Encoding: gzip, deflate, br\r\n"
          + "Accept-Language: en-GB,en;q=0.9\r\n"
          + "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n";

  private final String method;
  private final String path;
  private final String fields;

  HttpPages(String method, String path, String fields) {
    this.method = method;
    this.path = path;
    this.fields = fields;
  }

  /** The text of {@link #TEXT_PATH}. */
  public static byte[] text() {
    return ascii("Hello, World!");
  }

  /** The value of {@code Date}, for servers that send none by themselves. */
  public static String now() {
    return DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
  }

  /** A folder with the file of {@link #FILE_PATH}, which is gone with the process. */
  public static Path folder() throws IOException {
    Path folder = Files.createTempDirectory("torsion-bench").toRealPath();
    Path file = folder.resolve(FILE_PATH.substring(1));
    Files.createDirectories(file.getParent());
    folder.toFile().deleteOnExit();
    file.getParent().toFile().deleteOnExit();
    file.toFile().deleteOnExit();
    return Files.write(file, letters(FILE_SIZE)).getParent().getParent();
  }

  /** The bytes of the request. */
  public byte[] request() {
    byte[] head = ascii(method + " " + path + " HTTP/1.1\r\n" + fields + "\r\n");
    if (this != ECHO) return head;
    return ByteBuffer.allocate(head.length + ECHO_SIZE).put(head).put(answer()).array();
  }

  /** The body that the answer must have. */
  public byte[] answer() {
    return switch (this) {
      case PLAINTEXT, BROWSER -> text();
      case JSON -> {
        try {
          yield OrderJson.encode(Order.sample());
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      case FILE -> letters(FILE_SIZE);
      case ECHO -> letters(ECHO_SIZE);
    };
  }

  private static byte[] letters(int size) {
    byte[] text = new byte[size];
    for (int i = 0; i < size; i++) text[i] = (byte) ('a' + i % 26);
    return text;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
