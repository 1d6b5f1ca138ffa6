// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.torsion.amp.AmpBox;
import dev.torsion.amp.AmpBoxDecoder;
import dev.torsion.spread.banana.BananaDecoder;
import dev.torsion.spread.banana.BananaDialect;
import dev.torsion.spread.banana.BananaElement;
import dev.torsion.spread.banana.BananaEncoder;
import dev.torsion.spread.banana.BananaInteger;
import dev.torsion.spread.banana.BananaList;
import dev.torsion.spread.banana.Bytes;
import dev.torsion.spread.jelly.Jelly;
import dev.torsion.spread.jelly.Tuple;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The same bytes again and again, made once, so that the load is the same for every server. The
 * answers are read as what they are once, and from then on compared byte by byte.
 */
final class RawCalls implements Calls {
  /** Reads answers. */
  private interface Answers {
    /** The next answer of the input, or null when it is not all there. */
    Object next(ByteBuffer input) throws IOException;
  }

  private final Socket socket;
  private final byte[] questions;
  private byte[] expected;
  private byte[] got;

  private RawCalls(Socket socket, byte[] questions) {
    this.socket = socket;
    this.questions = questions;
  }

  static RawCalls amp(int port, int inFlight) throws IOException {
    var questions = new ByteArrayOutputStream();
    for (int i = 1; i <= inFlight; i++) {
      var box = AmpBox.builder().put("_ask", Integer.toHexString(i)).put("_command", "Sum");
      questions.write(box.put("a", "13").put("b", "81").build().encode());
    }
    var calls = new RawCalls(connect(port), questions.toByteArray());
    var decoder = new AmpBoxDecoder();
    calls.learn(
        inFlight,
        input -> {
          AmpBox box = decoder.decode(input);
          if (box != null && !"94".equals(box.text("total")))
            throw new IOException("wrong: " + box);
          return box;
        });
    return calls;
  }

  static RawCalls pb(int port, int inFlight) throws IOException {
    var encoder = new BananaEncoder();
    var jelly = new Jelly();
    var questions = new ByteArrayOutputStream();
    for (int i = 1; i <= inFlight; i++) {
      var call =
          new BananaList(
              List.of(
                  Bytes.utf8("message"),
                  BananaInteger.of(i),
                  Bytes.utf8("root"),
                  Bytes.utf8("echo"),
                  BananaInteger.of(1),
                  jelly.jelly(Tuple.of("hello")),
                  jelly.jelly(Map.of())));
      questions.write(encoder.encode(call, BananaDialect.PB));
    }
    var calls = new RawCalls(connect(port), questions.toByteArray());
    var decoder = new BananaDecoder();
    calls.read(decoder::decode); // the dialects that the server knows
    calls.socket.getOutputStream().write(new byte[] {2, (byte) 0x82, 'p', 'b'});
    decoder.setDialect(BananaDialect.PB);
    calls.read(decoder::decode); // its version
    calls.learn(
        inFlight,
        input -> {
          BananaElement answer = decoder.decode(input);
          if (answer != null && !((BananaList) answer).get(0).equals(Bytes.utf8("answer"))) {
            throw new IOException("wrong: " + answer);
          }
          return answer;
        });
    return calls;
  }

  private static Socket connect(int port) throws IOException {
    var socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
    socket.setTcpNoDelay(true);
    return socket;
  }

  private void read(Answers answers) throws IOException {
    var input = socket.getInputStream();
    while (answers.next(ByteBuffer.wrap(new byte[] {one(input)})) == null) {
      // byte by byte: what comes behind is somebody else's
    }
  }

  private static byte one(java.io.InputStream input) throws IOException {
    int read = input.read();
    if (read < 0) throw new IOException("the server has closed the connection");
    return (byte) read;
  }

  /** Makes the calls once and keeps the bytes of the answers. */
  private void learn(int inFlight, Answers answers) throws IOException {
    socket.getOutputStream().write(questions);
    var all = new ByteArrayOutputStream();
    var input = socket.getInputStream();
    for (int i = 0; i < inFlight; ) {
      byte next = one(input);
      all.write(next);
      if (answers.next(ByteBuffer.wrap(new byte[] {next})) != null) i++;
    }
    expected = all.toByteArray();
    got = new byte[expected.length];
  }

  @Override
  public void batch() throws IOException {
    socket.getOutputStream().write(questions);
    if (socket.getInputStream().readNBytes(got, 0, got.length) < got.length) {
      throw new IOException("the server has closed the connection");
    }
    if (!Arrays.equals(got, expected)) {
      throw new IOException("the answers are wrong: " + new String(got, US_ASCII));
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
