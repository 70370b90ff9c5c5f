// A gateway with Eclipse Paho for Go, MQTT 3.1.1 (or 3.1 where version is 3).
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

type asked struct {
	Host      string           `json:"host"`
	Port      int              `json:"port"`
	User      string           `json:"user"`
	Password  string           `json:"password"`
	ClientID  string           `json:"client_id"`
	Version   uint             `json:"version"`
	Topic     string           `json:"topic"`
	Commands  string           `json:"commands"`
	WillTopic string           `json:"will_topic"`
	Count     int              `json:"count"`
	Over      int              `json:"over"`
	Payloads  [][3]interface{} `json:"payloads"`
}

func main() {
	var a asked
	must(json.Unmarshal([]byte(os.Args[1]), &a))
	connects := make(chan bool, 16)
	options := mqtt.NewClientOptions().
		AddBroker(fmt.Sprintf("tcp://%s:%d", a.Host, a.Port)).
		SetClientID(a.ClientID).
		SetUsername(a.User).
		SetPassword(a.Password).
		SetProtocolVersion(a.Version).
		SetCleanSession(false).
		SetAutoReconnect(true).
		SetMaxReconnectInterval(time.Second).
		SetWill(a.WillTopic, "gone", 1, false).
		SetOnConnectHandler(func(mqtt.Client) { connects <- true })
	client := mqtt.NewClient(options)
	wait(client.Connect())
	<-connects
	wait(client.Subscribe(a.Commands, 1, nil))
	tell("subscribed")
	half := a.Count / 2
	for _, token := range publish(client, a, 0, half) {
		wait(token)
	}
	tell("half")
	waiting := publish(client, a, half, half+a.Over)
	<-connects
	tell("again")
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	must(err)
	for _, token := range append(waiting, publish(client, a, half+a.Over, a.Count)...) {
		wait(token)
	}
	client.Disconnect(1000)
	tell("done")
}

func publish(client mqtt.Client, a asked, first int, end int) []mqtt.Token {
	var tokens []mqtt.Token
	for number := first; number < end; number++ {
		one := a.Payloads[number]
		text, qos, retain := one[0].(string), byte(one[1].(float64)), one[2].(bool)
		tokens = append(tokens, client.Publish(a.Topic, qos, retain, text))
	}
	return tokens
}

func wait(token mqtt.Token) {
	token.Wait()
	must(token.Error())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tell(text string) {
	fmt.Println(text)
}
