import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.eclipse.paho.client.mqttv3.IMqttDeliveryToken;
import org.eclipse.paho.client.mqttv3.MqttAsyncClient;
import org.eclipse.paho.client.mqttv3.MqttCallbackExtended;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.MqttToken;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;
import org.eclipse.paho.client.mqttv3.DisconnectedBufferOptions;

/** A gateway with Eclipse Paho for Java, MQTT 3.1.1 (or 3.1 where version is 3). */
public final class Gateway {
  private final JsonObject asked;
  private final MqttAsyncClient client;
  private final Semaphore connects = new Semaphore(0);

  private Gateway(JsonObject asked) throws Exception {
    this.asked = asked;
    String uri = "tcp://" + text("host") + ":" + number("port");
    client = new MqttAsyncClient(uri, text("client_id"), new MemoryPersistence());
  }

  public static void main(String[] arguments) throws Exception {
    new Gateway(JsonParser.parseString(arguments[0]).getAsJsonObject()).run();
    System.exit(0);
  }

  private void run() throws Exception {
    MqttConnectOptions options = new MqttConnectOptions();
    options.setUserName(text("user"));
    options.setPassword(text("password").toCharArray());
    options.setMqttVersion(number("version"));
    options.setCleanSession(false);
    options.setAutomaticReconnect(true);
    options.setMaxReconnectDelay(1000);
    options.setMaxInflight(1000);
    options.setWill(text("will_topic"), "gone".getBytes(StandardCharsets.UTF_8), 1, false);
    DisconnectedBufferOptions kept = new DisconnectedBufferOptions();
    kept.setBufferEnabled(true);
    client.setBufferOpts(kept);
    client.setCallback(
        new MqttCallbackExtended() {
          public void connectComplete(boolean again, String uri) {
            connects.release();
          }

          public void connectionLost(Throwable cause) {}

          public void messageArrived(String topic, MqttMessage message) {}

          public void deliveryComplete(IMqttDeliveryToken token) {}
        });
    client.connect(options).waitForCompletion();
    connects.acquire();
    MqttToken subscribed = (MqttToken) client.subscribe(text("commands"), 1);
    subscribed.waitForCompletion();
    if (subscribed.getGrantedQos()[0] > 2) {
      throw new IllegalStateException("the subscription was refused");
    }
    tell("subscribed");
    int half = number("count") / 2;
    for (IMqttDeliveryToken token : publish(0, half)) {
      token.waitForCompletion();
    }
    tell("half");
    List<IMqttDeliveryToken> waiting = publish(half, half + number("over"));
    connects.acquire();
    tell("again");
    System.in.read();
    waiting.addAll(publish(half + number("over"), number("count")));
    for (IMqttDeliveryToken token : waiting) {
      token.waitForCompletion();
    }
    client.disconnect().waitForCompletion();
    tell("done");
  }

  private List<IMqttDeliveryToken> publish(int first, int end) throws Exception {
    List<IMqttDeliveryToken> tokens = new ArrayList<>();
    for (int number = first; number < end; number++) {
      JsonArray one = asked.getAsJsonArray("payloads").get(number).getAsJsonArray();
      byte[] payload = one.get(0).getAsString().getBytes(StandardCharsets.UTF_8);
      int qos = one.get(1).getAsInt();
      tokens.add(client.publish(text("topic"), payload, qos, one.get(2).getAsBoolean()));
    }
    return tokens;
  }

  private String text(String name) {
    return asked.get(name).getAsString();
  }

  private int number(String name) {
    return asked.get(name).getAsInt();
  }

  private static void tell(String text) {
    System.out.println(text);
    System.out.flush();
  }
}
