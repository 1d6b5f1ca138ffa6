// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * One thing that the servers are asked to do. Every answer is equal to its question, byte for byte;
 * that of {@link Wire#HTTP} has a head, and the body that was asked for.
 */
public enum Work {
  /** One client that asks and waits. */
  PP1(Wire.RAW, 1, 1, 64, "64 B ping-pong, 1 connection"),
  /** Fifty of them. */
  PP50(Wire.RAW, 50, 1, 64, "64 B ping-pong, 50 connections"),
  /** A thousand. */
  PP1000(Wire.RAW, 1000, 1, 64, "64 B ping-pong, 1,000 connections"),
  /** A hundred questions at once. */
  PIPELINED(Wire.RAW, 50, 100, 64, "64 B, 100 at once, 50 connections"),
  /** Large messages. */
  BULK(Wire.RAW, 8, 1, 64 * 1024, "64 KiB, 8 connections"),
  /** A connection for each message. */
  CHURN(Wire.RAW, 50, 1, 64, "connect, 64 B, close, 50 at once"),
  /** Lines. */
  LINE(Wire.LINE, 50, 100, 100, "lines of 100 B, 100 at once, 50 connections"),
  /** Length-prefixed strings. */
  INT32(Wire.INT32, 50, 100, 100, "int32 strings of 100 B, 100 at once, 50 connections"),
  /** Header and JSON. */
  JSON(Wire.JSON, 50, 100, 0, "header and JSON, 100 at once, 50 connections"),
  /** One client that asks by UDP and waits. */
  UDP1(Wire.DATAGRAM, 1, 1, 64, "UDP, 64 B ping-pong, 1 client"),
  /** Fifty of them. */
  UDP50(Wire.DATAGRAM, 50, 1, 64, "UDP, 64 B ping-pong, 50 clients"),
  /** Fifty clients over TLS. */
  TLSPP50(Wire.TLS, 50, 1, 64, "TLS, 64 B ping-pong, 50 connections"),
  /** Large messages over TLS: five records each. */
  TLSBULK(Wire.TLS, 8, 1, 64 * 1024, "TLS, 64 KiB, 8 connections"),
  /** A connection and a handshake with all its signatures for each message. */
  HANDSHAKES(Wire.TLS, 50, 1, 64, "TLS, full handshake, 64 B, close, 50 at once"),
  /** The same with handshakes that resume a session. */
  RESUMED(Wire.TLS, 50, 1, 64, "TLS, resumed handshake, 64 B, close, 50 at once"),
  /** Clients that ask for a short text. */
  HTTP64(HttpPages.PLAINTEXT, 64, 1, "HTTP, a short text, 64 connections"),
  /** A thousand of them. */
  HTTP1000(HttpPages.PLAINTEXT, 1000, 1, "HTTP, a short text, 1,000 connections"),
  /** Sixteen requests at once. */
  HTTPPIPELINED(HttpPages.PLAINTEXT, 64, 16, "HTTP, a short text, 16 at once, 64 connections"),
  /** The same with the head of a browser. */
  HTTPFIELDS(HttpPages.BROWSER, 64, 16, "HTTP, 12 fields, 16 at once, 64 connections"),
  /** An object that is encoded for each answer. */
  HTTPJSON(HttpPages.JSON, 64, 1, "HTTP, JSON, 64 connections"),
  /** A file of 64 KiB. */
  HTTPSTATIC(HttpPages.FILE, 64, 1, "HTTP, a file of 64 KiB, 64 connections"),
  /** A body of 1 KiB, there and back. */
  HTTPPOST(HttpPages.ECHO, 64, 1, "HTTP, POST of 1 KiB and back, 64 connections");

  /** The protocol that the server must understand. */
  public final Wire wire;

  /** How many connections ask at the same time. */
  public final int connections;

  /** How many messages are sent before the answers are awaited. */
  public final int depth;

  /** The work in a few words. */
  public final String title;

  private final int size;
  private final HttpPages page; // null for all but HTTP

  Work(HttpPages page, int connections, int depth, String title) {
    this.wire = Wire.HTTP;
    this.connections = connections;
    this.depth = depth;
    this.title = title;
    this.size = 0;
    this.page = page;
  }

  Work(Wire wire, int connections, int depth, int size, String title) {
    this.wire = wire;
    this.connections = connections;
    this.depth = depth;
    this.title = title;
    this.size = size;
    this.page = null;
  }

  /** The request and its answer; null for works without HTTP. */
  public HttpPages page() {
    return page;
  }

  /** The name on the command line and in the results. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether each message has a connection of its own. */
  public boolean isChurning() {
    return this == CHURN || this == HANDSHAKES || this == RESUMED;
  }

  /** The bytes of one message, with its framing. */
  public byte[] message() {
    return switch (wire) {
      case RAW, DATAGRAM, TLS -> text(size);
      case LINE -> concat(text(size), "\r\n".getBytes(StandardCharsets.US_ASCII));
      case INT32 -> concat(ByteBuffer.allocate(4).putInt(size).array(), text(size));
      case JSON -> {
        byte[] body = json();
        ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        yield concat(header.putInt(1).putInt(body.length).putInt(1001).array(), body);
      }
      case HTTP -> page.request();
    };
  }

  /** The bytes that a client sends before it waits. */
  public byte[] batch() {
    byte[] message = message();
    byte[] batch = new byte[message.length * depth];
    for (int i = 0; i < depth; i++) {
      System.arraycopy(message, 0, batch, i * message.length, message.length);
    }
    return batch;
  }

  private static byte[] json() {
    try {
      return OrderJson.encode(Order.sample());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] text(int size) {
    byte[] text = new byte[size];
    for (int i = 0; i < size; i++) text[i] = (byte) ('a' + i % 26);
    return text;
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
